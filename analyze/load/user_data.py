"""Apply the rows that a user put into a study, such as kernel rules, to traces loaded later."""

from __future__ import annotations

import glob
from pathlib import Path

import duckdb

from genscope.analyze.connect import first_line
from genscope.analyze.load import tables
from genscope.errors import UserError


def empty_copy(con: duckdb.DuckDBPyConnection, folder: Path, block_bytes: int) -> bytes:
    """The bytes of a study without traces that has the user's rows of the open study `con`.

    `folder` is a place to work in, `block_bytes` the size of the file's blocks. Every trace is built in such a file, so that a user's rule applies
    to it as it does to the traces loaded before.
    """
    filled = [name for name in tables.user_tables() if con.table(name).limit(1).fetchall()]
    if not filled:
        return tables.empty_study(block_bytes)
    path = folder / "empty.duckdb"
    path.write_bytes(tables.empty_study(block_bytes))
    con.execute(f"ATTACH '{tables.quoted(path)}' AS empty_copy (TYPE duckdb)")
    try:
        for name in filled:
            con.execute(f"INSERT INTO empty_copy.{name} BY NAME SELECT * FROM {name}")
        con.execute("CHECKPOINT empty_copy")
    finally:
        con.execute("DETACH empty_copy")
    return path.read_bytes()


def fill_from_csv(con: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Replace a table's rows with those of a CSV, and recompute what depends on them.

    Columns that the CSV lacks are NULL.

    Raises UserError, and changes nothing, if the file can't be read as that table.
    """
    try:
        with tables.transaction(con):
            con.execute(f"DELETE FROM {table}")
            rows = "SELECT * FROM read_csv(?)"
            con.execute(f"INSERT INTO {table} BY NAME {rows}", [glob.escape(str(path))])
            tables.recompute(con, table)
    except duckdb.Error as error:
        columns = ", ".join(row[0] for row in con.execute(f"DESCRIBE {table}").fetchall())
        raise UserError(
            f"{path}: this file can't be loaded into {table} ({first_line(error)}); "
            f"pass a CSV with the columns {columns}"
        ) from error
