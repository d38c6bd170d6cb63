"""The relations of a study that stay views, and are computed only when a query asks for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import TYPE_CHECKING

from genscope.analyze.load.tables import attribution_files
from genscope.analyze.sql_file import SqlFile, create_statement

if TYPE_CHECKING:
    import duckdb


@cache
def kept_views() -> Mapping[str, SqlFile]:
    """The attribution files that stay views (`Kept: view`) by name, each after those that it reads.

    A study creates them when a query reads them, because DuckDB binds each with all that it reads.
    """
    return {
        file.name: file
        for file in attribution_files()
        if "trace_id" in file.columns and not file.is_of_traces
    }


def create_kept_views(con: duckdb.DuckDBPyConnection, names: Collection[str]) -> None:
    """Create those of the names that are in `kept_views`, in an opened study."""
    for name, file in kept_views().items():
        if name in names:
            con.execute(create_statement(file))
