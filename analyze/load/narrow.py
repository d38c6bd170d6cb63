"""Store each combination of a table's texts once in a trace, and not with every row.

A trace has a million operators, with names and shapes in a thousand combinations, and storing their texts
took most of staging. The file of such a table, queries/schema/NAME.sql, lists those columns under `Texts`. A
study has them in NAME_text, all other columns in NAME_row, and a view NAME that joins both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import duckdb

from genscope.analyze.load.memory import execute_within_memory
from genscope.analyze.sql_file import SqlFile

# The number of a combination. It holds the trace's number in its upper half: were trace_id part of the join,
# DuckDB could join NAME_text with any other table on trace_id alone.
TEXT_ID = "text_id"
_TRACE_BITS = 32
_COLUMN = re.compile(r"^  (?P<name>\w+) (?P<type>.+?),?$", re.MULTILINE)


def texts_of(table: SqlFile) -> tuple[str, ...]:
    """The columns that a table stores once for each combination of them; often none."""
    return tuple(table.sections.get("Texts", "").replace(",", " ").split())


def parts(table: SqlFile) -> tuple[SqlFile, ...]:
    """The tables that hold the rows of a base table: itself, or NAME_row and NAME_text."""
    texts = texts_of(table)
    if not texts:
        return (table,)
    types = {found["name"]: found["type"] for found in _COLUMN.finditer(table.statement)}
    number = {TEXT_ID: "BIGINT NOT NULL"}
    in_row = {name: kind for name, kind in types.items() if name not in texts}
    in_text = {name: types[name] for name in ("trace_id", *texts)}
    return _part(table, "row", in_row | number), _part(table, "text", number | in_text)


def create(con: duckdb.DuckDBPyConnection, table: SqlFile) -> None:
    """Create the tables of an empty base table, and the view of its name that joins them."""
    for part in parts(table):
        con.execute(part.statement)
    if texts_of(table):
        con.execute(f"CREATE VIEW {table.name} AS {rows_of(table)}")


def rows_of(table: SqlFile, place: str = "") -> str:
    """A statement of all rows of a base table; `place` is its database and schema, as in 'study.main.'."""
    texts, name = texts_of(table), f"{place}{table.name}"
    if not texts:
        return f"SELECT * FROM {name}"
    columns = (f"{'text' if column in texts else 'event'}.{column}" for column in table.columns)
    return (
        f"SELECT {', '.join(columns)} FROM {name}_row AS event "
        f"INNER JOIN {name}_text AS text ON event.{TEXT_ID} = text.{TEXT_ID}"
    )


def insert(con: duckdb.DuckDBPyConnection, table: SqlFile, statement: str) -> int:
    """Insert the rows of a statement into a base table that only this function fills; return how many."""
    if not texts_of(table):
        return execute_within_memory(con, f"INSERT INTO {table.name} BY NAME {statement}")
    whole = f"temp.main.{table.name}"
    # until it is dropped, its name is this table's and not the view's
    con.execute(table.statement.replace("CREATE ", "CREATE TEMP ", 1))
    try:
        execute_within_memory(con, f"INSERT INTO {whole} BY NAME {statement}")
        return _insert_parts(con, table, whole)
    finally:
        # after some errors, such as a full disk, DuckDB refuses every statement
        with suppress(duckdb.FatalException):
            con.execute(f"DROP TABLE {whole}")


def _insert_parts(con: duckdb.DuckDBPyConnection, table: SqlFile, whole: str) -> int:
    """Insert the rows of the table `whole`, and the combinations that are new; return how many rows."""
    of_text = ("trace_id", *texts_of(table))
    columns, stored = ", ".join(of_text), f"{table.name}_text"
    new = f"SELECT {columns} FROM {whole} EXCEPT SELECT {columns} FROM {stored}"
    place = f"(SELECT count(*) FROM {stored}) + row_number() OVER ()"
    number = f"(trace_id::BIGINT << {_TRACE_BITS}) + {place} AS {TEXT_ID}"
    execute_within_memory(
        con, f"INSERT INTO {stored} BY NAME SELECT *, {number} FROM ({new}) AS new"
    )
    same = " AND ".join(f"event.{name} IS NOT DISTINCT FROM text.{name}" for name in of_text)
    rows = f"SELECT event.* EXCLUDE ({', '.join(texts_of(table))}), text.{TEXT_ID}"
    joined = f"FROM {whole} AS event INNER JOIN {stored} AS text ON {same}"
    return execute_within_memory(con, f"INSERT INTO {table.name}_row BY NAME {rows} {joined}")


def _part(table: SqlFile, name: str, types: Mapping[str, str]) -> SqlFile:
    columns = ",\n".join(f"  {column} {kind}" for column, kind in types.items())
    return replace(
        table,
        name=f"{table.name}_{name}",
        sections={key: text for key, text in table.sections.items() if key != "Texts"},
        columns={column: table.columns.get(column, "") for column in types},
        statement=f"CREATE TABLE {table.name}_{name} (\n{columns}\n)",
    )
