"""Store each combination of a table's texts once in a trace, and not with every row.

A trace has a million operators, with names and shapes in a thousand combinations, and storing a text takes
four times as long as a number. The file of such a table lists those columns under `Texts`, and others that
have few combinations. A study has them in NAME_text, all other columns in NAME_row, and a view NAME that
joins both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb

from genscope.analyze.load.memory import execute_within_memory
from genscope.analyze.sql_file import SqlFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The number of a combination. It holds the trace's number in its upper half: were trace_id part of the join,
# DuckDB could join NAME_text with any other table on trace_id alone.
TEXT_ID = "text_id"
_TRACE_BITS = 32
_COLUMN = re.compile(r"^  (?P<name>\w+) (?P<type>.+?),?$", re.MULTILINE)


def texts_of(table: SqlFile) -> tuple[str, ...]:
    """The columns that a table stores once for each combination of them; often none."""
    return tuple(table.sections.get("Texts", "").replace(",", " ").split())


def parts(table: SqlFile) -> tuple[SqlFile, ...]:
    """The tables that hold the rows of a table: itself, or NAME_row and NAME_text."""
    texts = texts_of(table)
    if not texts:
        return (table,)
    in_row = [name for name in table.columns if name not in texts]
    return (
        _part(table, "row", (*in_row, TEXT_ID)),
        _part(table, "text", (TEXT_ID, "trace_id", *texts)),
    )


def text_ids(trace: NDArray[np.int64] | np.int64, number: NDArray[Any]) -> NDArray[np.int64]:
    """The ids of combinations by the numbers of their traces and within these."""
    ids: NDArray[np.int64] = (trace << _TRACE_BITS) + number
    return ids


def create(con: duckdb.DuckDBPyConnection, table: SqlFile) -> None:
    """Create the tables of an empty table, and the view of its name that joins them."""
    for part in parts(table):
        con.execute(_created(part))
    if texts_of(table):
        con.execute(f"CREATE VIEW {table.name} AS {rows_of(table)}")


def rows_of(table: SqlFile, place: str = "") -> str:
    """A statement of all rows of a table; `place` is its database and schema, as in 'study.main.'."""
    texts, name = texts_of(table), f"{place}{table.name}"
    if not texts:
        return f"SELECT * FROM {name}"
    columns = (f"{'text' if column in texts else 'event'}.{column}" for column in table.columns)
    return (
        f"SELECT {', '.join(columns)} FROM {name}_row AS event "
        f"INNER JOIN {name}_text AS text ON event.{TEXT_ID} = text.{TEXT_ID}"
    )


def insert(con: duckdb.DuckDBPyConnection, table: SqlFile, statement: str) -> int:
    """Insert the rows of a statement into a table that only this function fills; return how many.

    Any but a base table must be empty.
    """
    if not texts_of(table):
        return execute_within_memory(con, f"INSERT INTO {table.name} BY NAME {statement}")
    is_base = table.layer == "schema"
    whole = table.name if is_base else f"{table.name}_whole"
    try:
        if not is_base:
            return _insert_ranked(con, table, whole, statement)
        # until it is dropped, its name is this table's and not the view's
        con.execute(table.statement.replace("CREATE ", "CREATE TEMP ", 1))
        execute_within_memory(con, f"INSERT INTO temp.main.{whole} BY NAME {statement}")
        return _insert_parts(con, table, f"temp.main.{whole}")
    finally:
        # after some errors, such as a full disk, DuckDB refuses every statement
        with suppress(duckdb.FatalException):
            con.execute(f"DROP TABLE IF EXISTS temp.main.{whole}")


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


def _insert_ranked(
    con: duckdb.DuckDBPyConnection, table: SqlFile, whole: str, statement: str
) -> int:
    """The same into an empty table, by fewer and simpler statements: planning takes most of a short one."""
    in_row, in_text = (", ".join(part.columns) for part in parts(table))
    order = ", ".join(("trace_id", *texts_of(table)))
    number = f"(trace_id::BIGINT << {_TRACE_BITS}) + rank() OVER equal AS {TEXT_ID}"
    is_first = "rank() OVER equal = row_number() OVER equal AS is_first"
    rows = f"SELECT *, {number}, {is_first} FROM ({statement}) WINDOW equal AS (ORDER BY {order})"
    execute_within_memory(con, f"CREATE TEMP TABLE {whole} AS {rows}")
    texts = f"SELECT {in_text} FROM temp.main.{whole} WHERE is_first"
    execute_within_memory(con, f"INSERT INTO {table.name}_text {texts}")
    insert = f"INSERT INTO {table.name}_row SELECT {in_row} FROM temp.main.{whole}"
    return execute_within_memory(con, insert)


def _created(table: SqlFile) -> str:
    """The statement that creates a table without rows."""
    if table.layer == "schema":
        return table.statement
    return f"CREATE TABLE {table.name} AS {table.statement} WITH NO DATA"


def _part(table: SqlFile, part: str, columns: Sequence[str]) -> SqlFile:
    name = f"{table.name}_{part}"
    if table.layer == "schema":
        types = {found["name"]: found["type"] for found in _COLUMN.finditer(table.statement)}
        types[TEXT_ID] = "BIGINT NOT NULL"
        typed = ",\n".join(f"  {column} {types[column]}" for column in columns)
        statement = f"CREATE TABLE {name} (\n{typed}\n)"
    else:
        number = f"SELECT *, cast(NULL AS BIGINT) AS {TEXT_ID}"
        statement = f"SELECT {', '.join(columns)} FROM ({number} FROM ({table.statement}))"
    return replace(
        table,
        name=name,
        sections={key: text for key, text in table.sections.items() if key != "Texts"},
        columns={column: table.columns.get(column, "") for column in columns},
        statement=statement,
    )
