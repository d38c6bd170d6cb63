"""Open a study's file for questions without trusting anything but the rows of its base tables.

A study may come from a stranger, and its views, macros and defaults are code: a macro named `sum` would
run instead of DuckDB's own. So we attach the file under its own name, outside the search path, and reach
each base table through a view in an in-memory database that holds nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import duckdb

from genscope.analyze.connect import connect, why_not_opened
from genscope.analyze.interrupt import Abandoned, interruptible
from genscope.analyze.load import narrow, tables
from genscope.analyze.sql_file import SqlFile
from genscope.errors import UserError

# the file's name in SQL: a table that a user added to a study is study.<table>
CATALOG = "study"
_OWN_TABLES = ("genscope_schema", "user_kernel_rule")
# the columns of base tables seen so far, with their types
_TYPED: dict[str, dict[str, str]] = {}
_SETTINGS = {
    # never look for an unknown table name among Python's variables
    "python_enable_replacements": False,
    # it looks through a whole plan for each of its parts: a quarter of the time to plan a long query, and
    # answers take as long without it
    "disabled_optimizers": "compressed_materialization",
}


# of some unions, DuckDB 1.5.6 never goes on once so many rows have waited to be fetched; it is 1 MB by default
_WAITING = "64GB"


def open_attached(
    path: Path, *, allow_files: bool, threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """Return an in-memory connection with all settings locked; `name_tables` makes it read from the file.

    Raises UserError if the file can't be opened or is not a study that can be trusted.
    """
    settings = {**_SETTINGS, "temp_directory": f"{path.absolute()}.tmp"}
    settings |= {} if threads is None else {"threads": threads}
    con = connect(config=settings)
    try:
        interruptible(con, lambda: _prepare(con, path, allow_files=allow_files))
    except Abandoned:
        # close() would wait for the query that still runs
        raise
    except BaseException:
        con.close()
        raise
    return con


def _prepare(con: duckdb.DuckDBPyConnection, path: Path, *, allow_files: bool) -> None:
    try:
        con.execute("SET enable_progress_bar = false")
        con.execute(f"SET streaming_buffer_size = '{_WAITING}'")
        con.execute(
            f"ATTACH '{tables.quoted(path.absolute())}' AS {CATALOG} (READ_ONLY, TYPE duckdb)"
        )
    except duckdb.Error as error:
        raise UserError(f"{path}: {why_not_opened(error)}") from error
    if not allow_files:
        con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    present = check_tables(con, CATALOG, path)
    for name in filter(present.__contains__, _OWN_TABLES):
        con.execute(f"CREATE VIEW {name} AS FROM {CATALOG}.main.{name}")
    try:
        tables.check_schema(con, str(path))
    except (TypeError, IndexError, duckdb.Error) as error:
        raise _changed(path, "genscope_schema") from error
    for part in _stored():
        # what the columns are is checked once the table is read
        if present.get(part.name) != len(part.columns):
            raise _changed(path, part.name)


@cache
def study_tables() -> Mapping[str, SqlFile]:
    """The tables of a study by name, all of them stored, so that none reads another.

    Those of two parts, see narrow, are views in the file, which are never read.
    """
    files = tables.table_files().items()
    return {name: replace(file, inputs=()) for name, file in files if _is_table(file)}


@dataclass(frozen=True)
class Shown:
    """The traces that plain names show: all, or only some; one alone may have another number and name."""

    trace_ids: frozenset[int] | None = None
    number: int | None = None
    name: str = ""

    def rows_of(self, table: SqlFile) -> str:
        """The rows of a table, as a statement."""
        rows = narrow.rows_of(table, f"{CATALOG}.main.")
        if self.trace_ids is None or "trace_id" not in table.columns:
            return rows
        other = [] if self.number is None else [f"{self.number}::INTEGER AS trace_id"]
        if other and table.name == "trace":
            other.append(f"'{tables.quoted(self.name)}' AS name")
        columns = f"* REPLACE ({', '.join(other)})" if other else "*"
        return f"SELECT {columns} FROM ({rows}) AS every WHERE trace_id IN ({', '.join(map(str, self.trace_ids)) or 'NULL'})"


ALL = Shown()


def name_tables(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    names: Iterable[str] | None = None,
    shown: Shown = ALL,
) -> None:
    """Create views, so that plain names reach these tables of the study, by default all of them.

    Each takes time, and a query reads few. Raises UserError if a table has other columns than our SQL gives it.
    """
    wanted = study_tables().keys() if names is None else study_tables().keys() & set(names)
    for name in sorted(wanted):
        for part in narrow.parts(study_tables()[name]):
            _check_columns(con, part, path)
        con.execute(f"CREATE OR REPLACE VIEW {name} AS {shown.rows_of(study_tables()[name])}")


def check_tables(con: duckdb.DuckDBPyConnection, catalog: str, path: Path) -> dict[str, int]:
    """Return the number of columns of each table; raise UserError if one of ours runs code when it is read.

    This reads DuckDB's catalogue only, never the tables themselves. tables.check_schema reports
    missing tables.
    """
    of_file = f"WHERE database_name = '{tables.quoted(catalog)}' AND schema_name = 'main'"
    views = con.execute(f"SELECT view_name FROM system.main.duckdb_views() {of_file}").fetchall()
    plain = con.execute(
        "SELECT table_name, column_count, sql LIKE '%GENERATED ALWAYS AS%' "
        f"FROM system.main.duckdb_tables() {of_file}"
    ).fetchall()
    kinds = {name: "a table with computed columns" for name, _, code in plain if code}
    kinds |= {name: "a view" for (name,) in views}
    for name in (*_OWN_TABLES, *(part.name for part in _stored())):
        if name in kinds:
            raise UserError(
                f"{path}: {name} is {kinds[name]} and not a plain table, so genscope doesn't open the file; "
                "re-ingest the traces into a new study"
            )
    return {name: count for name, count, _ in plain}


def check_to_write(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raise UserError if writing to the study, open on `con`, would run code from the file.

    Such code is a view or computed column instead of a table, or a macro named like a DuckDB function.
    """
    found = con.execute("SELECT current_database()").fetchall()
    catalog = str(found[0][0])
    check_tables(con, catalog, path)
    # listing all functions takes long: do it once
    rows = con.execute(
        "SELECT min(function_name) FROM (SELECT function_name FROM system.main.duckdb_functions() "
        "GROUP BY function_name HAVING bool_or(database_name = 'system') "
        f"AND bool_or(database_name = '{tables.quoted(catalog)}'))"
    ).fetchall()
    if rows[0][0] is not None:
        raise UserError(
            f"{path}: a macro replaces DuckDB's function {rows[0][0]}, so genscope doesn't change the "
            "file; re-ingest the traces into a new study"
        )


def hide_views(con: duckdb.DuckDBPyConnection) -> None:
    """Give tables of two parts, see narrow, our own views for this connection: those in the file could read anything."""
    for table in filter(narrow.texts_of, study_tables().values()):
        con.execute(f"CREATE TEMP VIEW {table.name} AS {narrow.rows_of(table)}")


def _check_columns(con: duckdb.DuckDBPyConnection, table: SqlFile, path: Path) -> None:
    """Raise UserError if a table's columns differ from those that our SQL creates."""
    try:
        found = _columns(con, f"{CATALOG}.main.{table.name}")
    except duckdb.Error as error:
        raise _changed(path, table.name) from error
    if table.layer == "schema":
        same = found == _typed_columns(con, table)
    else:
        # to know the other types takes long
        same = list(found) == list(table.columns) and found["trace_id"] == "INTEGER"
    if not same:
        raise _changed(path, table.name)


def _typed_columns(con: duckdb.DuckDBPyConnection, table: SqlFile) -> dict[str, str]:
    """The columns of a base table and their types, from its own statement."""
    if table.name not in _TYPED:
        con.execute(table.statement)
        _TYPED[table.name] = _columns(con, table.name)
        con.execute(f"DROP TABLE {table.name}")
    return _TYPED[table.name]


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """The columns of a table, in order, and their types."""
    described = con.execute(f"FROM {table} LIMIT 0").description
    return {name: str(kind) for name, kind, *_ in described or ()}


def _changed(path: Path, table: str) -> UserError:
    return UserError(
        f"{path}: the table {table} was changed by something else; re-ingest the traces into a new study"
    )


def _stored() -> list[SqlFile]:
    """The tables of a study as its file has them."""
    return [part for file in study_tables().values() for part in narrow.parts(file)]


def _is_table(file: SqlFile) -> bool:
    return file.layer == "schema" or file.is_of_traces
