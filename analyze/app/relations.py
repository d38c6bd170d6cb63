"""The relations of queries/app: questions that only the workbench asks, each a table macro."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from genscope.analyze.load.kept_views import create_kept_views, kept_views
from genscope.analyze.load.study_file import open_with_tables
from genscope.analyze.load.tables import quoted, with_inputs
from genscope.analyze.rows import Rows, rows_of
from genscope.analyze.sql_file import SqlFile, create_statement, load_layer

if TYPE_CHECKING:
    import duckdb

# these read a study's tables only
_OF_TABLES = ("trace_card", "work_place", "run_difference", "work_twin", "attention_place")


@cache
def app_relations() -> Mapping[str, SqlFile]:
    """Every file of queries/app by name."""
    return {file.name: file for file in load_layer("app")}


def create(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Create these macros in a study's connection, and the views that they read; tables must be there."""
    files = [app_relations()[name] for name in names]
    read = {relation for file in files for relation in file.inputs}
    create_kept_views(con, with_inputs(read, kept_views()))
    for file in files:
        con.execute(create_statement(file).replace("CREATE ", "CREATE OR REPLACE ", 1))


class Tables:
    """One connection to a study's tables, for relations that read nothing else."""

    def __init__(self, path: Path) -> None:
        """Open the study. Raises UserError if it can't be opened."""
        self._con = open_with_tables(path)
        create(self._con, _OF_TABLES)

    def rows(self, name: str, **params: int | str) -> Rows:
        """The rows of one relation with these parameters; from any thread."""
        return rows(self._con.cursor(), name, **params)

    def close(self) -> None:
        """Close the connection."""
        self._con.close()


def asked(
    con: duckdb.DuckDBPyConnection, name: str, /, **params: int | str
) -> duckdb.DuckDBPyConnection:
    """Run one relation with these parameters; its rows are still to be fetched."""
    # placeholders would make DuckDB import all of pandas
    given = ", ".join(f"{key} := {_literal(value)}" for key, value in params.items())
    return con.execute(f"SELECT * FROM {name}({given})")


def rows(con: duckdb.DuckDBPyConnection, name: str, /, **params: int | str) -> Rows:
    """The rows of one relation with these parameters."""
    return rows_of(asked(con, name, **params))


def _literal(value: int | str) -> str:
    return str(int(value)) if isinstance(value, int) else f"'{quoted(value)}'"
