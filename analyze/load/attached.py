"""Open a study's file for questions without trusting anything but the rows of its base tables.

A study may come from a stranger, and its views, macros and defaults are code: a macro named `sum` would
run instead of DuckDB's own. So we attach the file under its own name, outside the search path, and reach
each base table through a view in an in-memory database that holds nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path

import duckdb

from genscope.analyze.connect import connect, why_not_opened
from genscope.analyze.interrupt import Abandoned, interruptible
from genscope.analyze.load import tables
from genscope.analyze.sql_file import SqlFile, create_statement, in_order, load_layer
from genscope.errors import UserError

# the file's name in SQL: a table that a user added to a study is study.<table>
CATALOG = "study"
_OWN_TABLES = ("genscope_schema", "user_kernel_rule")
# never look for an unknown table name among Python's variables
_SETTINGS = {"python_enable_replacements": False}


def open_attached(path: Path, *, allow_files: bool) -> duckdb.DuckDBPyConnection:
    """Return an in-memory connection that reads from the file, with all settings locked.

    Raises UserError if the file can't be opened or is not a study that can be trusted.
    """
    settings = {**_SETTINGS, "temp_directory": f"{path.absolute()}.tmp"}
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
        con.execute(
            f"ATTACH '{tables.quoted(path.absolute())}' AS {CATALOG} (READ_ONLY, TYPE duckdb)"
        )
    except duckdb.Error as error:
        raise UserError(f"{path}: {why_not_opened(error)}") from error
    if not allow_files:
        con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    _name_tables(con, path)


def _name_tables(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Create views, so that plain names reach the study's tables, and our views and macros over them.

    Raises UserError, before any code of the file has run, if one of its tables isn't a plain table.
    """
    present = check_tables(con, CATALOG, path)
    # DuckDB lists columns more slowly once there are views
    columns = _columns(con, CATALOG)
    statements = [
        f"CREATE VIEW {name} AS FROM {CATALOG}.main.{name}" for name in _tables() if name in present
    ]
    con.execute(";".join(["BEGIN", *statements, "COMMIT"]))
    try:
        tables.check_schema(con, str(path))
    except (TypeError, IndexError, duckdb.Error) as error:
        raise _changed(path, "genscope_schema") from error
    _check_columns(columns, path)
    # other views are created when a query reads them: see kept_views
    for file in in_order(load_layer("interval")):
        con.execute(create_statement(file))


def show_only(con: duckdb.DuckDBPyConnection, trace_ids: Collection[int]) -> None:
    """Hide all traces but these from every plain name, in a study that open_attached opened."""
    _show(con, f"trace_id IN ({', '.join(map(str, trace_ids))})")


def show_as(con: duckdb.DuckDBPyConnection, trace_id: int, number: int, name: str) -> None:
    """Hide all traces but one, and show that one with another number and name."""
    _show(con, f"trace_id = {trace_id}", f"* REPLACE ({number}::INTEGER AS trace_id)")
    con.execute(
        f"CREATE OR REPLACE VIEW trace AS SELECT * REPLACE ({number}::INTEGER AS trace_id, "
        f"'{tables.quoted(name)}' AS name) FROM {CATALOG}.main.trace WHERE trace_id = {trace_id}"
    )


def _show(con: duckdb.DuckDBPyConnection, where: str, columns: str = "*") -> None:
    statements = [
        f"CREATE OR REPLACE VIEW {file.name} AS SELECT {columns} "
        f"FROM {CATALOG}.main.{file.name} WHERE {where}"
        for file in tables.table_files().values()
        if _is_table(file) and "trace_id" in file.columns
    ]
    con.execute(";".join(["BEGIN", *statements, "COMMIT"]))


def check_tables(con: duckdb.DuckDBPyConnection, catalog: str, path: Path) -> dict[str, str]:
    """Return the kind of each name; raise UserError if a table of the study runs code when it is read.

    This reads DuckDB's catalogue only, never the tables themselves. tables.check_schema reports
    missing tables.
    """
    present = _kinds(con, catalog)
    for name in _tables():
        kind = present.get(name, "table")
        if kind != "table":
            raise UserError(
                f"{path}: {name} is {kind} and not a plain table, so genscope doesn't open the file; "
                "re-ingest the traces into a new study"
            )
    return present


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


def _check_columns(found: dict[str, dict[str, str]], path: Path) -> None:
    """Raise UserError if a table's columns differ from those that our SQL creates."""
    typed = _typed_columns()
    for name, columns in typed.items():
        if found.get(name) != columns:
            raise _changed(path, name)
    trace_id = typed["trace"]["trace_id"]
    for file in filter(_is_table, tables.attribution_files()):
        columns = found.get(file.name, {})
        if list(columns) != list(file.columns) or columns["trace_id"] != trace_id:
            raise _changed(path, file.name)


@cache
def _typed_columns() -> dict[str, dict[str, str]]:
    """The columns of the base tables and their types; for the other tables this would take long."""
    with connect() as con:
        con.execute(";".join(table.statement for table in load_layer("schema")))
        return _columns(con, "memory")


def _columns(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, dict[str, str]]:
    """The columns of each table of a catalogue, in order, and their types."""
    rows = con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        f"WHERE database_name = '{catalog}' AND schema_name = 'main' "
        "ORDER BY table_name, column_index"
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def _changed(path: Path, table: str) -> UserError:
    return UserError(
        f"{path}: the table {table} was changed by something else; re-ingest the traces into a new study"
    )


def _kinds(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, str]:
    """The kind of each name in the file's main schema: 'table', 'a view' or 'a table with ...'."""
    views = con.execute(
        "SELECT view_name FROM system.main.duckdb_views() "
        f"WHERE database_name = '{tables.quoted(catalog)}' AND schema_name = 'main'"
    ).fetchall()
    plain = con.execute(
        "SELECT table_name, sql LIKE '%GENERATED ALWAYS AS%' FROM system.main.duckdb_tables() "
        f"WHERE database_name = '{tables.quoted(catalog)}' AND schema_name = 'main'"
    ).fetchall()
    kinds = {name: "a table with computed columns" if code else "table" for name, code in plain}
    return kinds | {name: "a view" for (name,) in views}


def _tables() -> list[str]:
    files = [*load_layer("schema"), *tables.attribution_files()]
    return [*_OWN_TABLES, *(file.name for file in files if _is_table(file))]


def _is_table(file: SqlFile) -> bool:
    return file.layer == "schema" or file.is_of_traces
