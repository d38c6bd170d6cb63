"""The macros of a study, and the relations that stay views: computed only when a query asks for them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from genscope.analyze.load.tables import attribution_files, with_inputs
from genscope.analyze.sql_file import SqlFile, create_statement, in_order, load_layer

if TYPE_CHECKING:
    import duckdb

_SOURCE = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")


@cache
def kept_views() -> Mapping[str, SqlFile]:
    """The interval macros, and the attribution files that stay views (rules, `Kept: view`), by name.

    Each is after those that it reads. A study creates them when a query reads them, because DuckDB binds each
    with all that it reads.
    """
    views = (file for file in attribution_files() if not file.is_of_traces)
    return {file.name: file for file in (*in_order(load_layer("interval")), *views)}


def create_kept_views(con: duckdb.DuckDBPyConnection, names: Collection[str]) -> None:
    """Create those of the names that are in `kept_views`, in an opened study."""
    for name, file in kept_views().items():
        if name in names:
            con.execute(create_statement(file).replace("CREATE ", "CREATE OR REPLACE ", 1))


def with_views(relation: SqlFile, tables: Collection[str] = ()) -> SqlFile:
    """The relation with the views that it reads, except `tables`, as common table expressions.

    DuckDB binds a view once for each reader, and all that it reads again; an expression only once. What
    several read is computed once.
    """
    views = {name: file for name, file in kept_views().items() if name not in tables}
    needed = with_inputs(relation.inputs, views)
    readers = Counter(_read(relation))
    for name in needed:
        readers.update(_read(views[name]))
    parts = [
        f"{name} AS {'MATERIALIZED ' if readers[name] > 1 else ''}({file.statement}\n)"
        for name, file in views.items()
        if name in needed and not file.arguments
    ]
    if not parts:
        return relation
    statement = f"WITH {', '.join(parts)} SELECT * FROM ({relation.statement}\n)"
    return replace(relation, statement=statement)


def _read(relation: SqlFile) -> list[str]:
    """The relations after FROM and JOIN in its statement, each as often as it is there."""
    return _SOURCE.findall(relation.statement)
