"""Tables whose texts are stored once for each combination give the rows that were put into them."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.load import narrow
from genscope.analyze.load.numbered import Codes
from genscope.analyze.load.places import Places
from genscope.analyze.load.row_texts import RowTexts
from genscope.analyze.load.tables import table_files
from genscope.analyze.sql_file import SqlFile
from tests.base_rows import new_study

NARROW = [table for table in table_files().values() if narrow.texts_of(table)]
COUNT = 40


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with new_study(tmp_path) as con:
        yield con


def _create_whole(con: duckdb.DuckDBPyConnection, table: SqlFile) -> dict[str, str]:
    """Create a table `whole` that stores all columns with every row; return their types."""
    if table.layer == "schema":
        con.execute(table.statement.replace(f"TABLE {table.name}", "TEMP TABLE whole"))
    else:
        con.execute(f"CREATE TEMP TABLE whole AS {table.statement} WITH NO DATA")
    return {row[0]: row[1] for row in con.execute("DESCRIBE whole").fetchall()}


def _rows(table: SqlFile, types: dict[str, str], first: int) -> str:
    """Rows of traces 1 and 2, of which most share their texts, and some have none."""
    known = {
        "trace_id": "1 + i % 2",
        "device_id": "i % 3",
        "signature_id": "i % 2",
        "name": "i % 4",
    }
    known |= dict.fromkeys(("op_id", "call_id", "kernel_id", "work_id", "start_ns", "dur_ns"), "i")
    values = []
    for place, column in enumerate(table.columns):
        of_four = f"(i // {1 + place % 2}) % 4"
        value = f"{of_four} > 0" if types[column] == "BOOLEAN" else f"({of_four})::VARCHAR"
        some = f"if({of_four} = 3, NULL, {value})::{types[column]}"
        values.append(f"{known.get(column, some)} AS {column}")
    return f"SELECT {', '.join(values)} FROM range({first}, {first + COUNT}) AS given (i)"


@pytest.mark.parametrize("table", NARROW, ids=lambda table: table.name)
def test_the_view_has_the_columns_of_the_table(
    table: SqlFile, con: duckdb.DuckDBPyConnection
) -> None:
    described = con.execute(f"DESCRIBE {table.name}").fetchall()
    assert [(row[0], row[1]) for row in described] == [*_create_whole(con, table).items()]


@pytest.mark.parametrize("table", NARROW, ids=lambda table: table.name)
def test_rows_come_back_as_they_were(table: SqlFile, con: duckdb.DuckDBPyConnection) -> None:
    types = _create_whole(con, table)
    # others than base tables are filled at once
    for first in (0, COUNT) if table.layer == "schema" else (0,):
        rows = _rows(table, types, first)
        con.execute(f"INSERT INTO whole BY NAME {rows}")
        assert narrow.insert(con, table, rows) == COUNT
    found = con.table(table.name).order("ALL").fetchall()
    assert found == con.table("whole").order("ALL").fetchall()
    assert any(None in row for row in found)
    texts = ", ".join(("trace_id", *narrow.texts_of(table)))
    stored = con.table(f"{table.name}_text").project(texts)
    distinct = con.table("whole").project(texts).distinct()
    assert stored.order("ALL").fetchall() == distinct.order("ALL").fetchall()
    assert len(stored) < COUNT
    numbers = con.table(f"{table.name}_text").project("trace_id, text_id >> 32").fetchall()
    assert all(trace == number for trace, number in numbers)


def test_texts_of_rows_are_found_by_their_numbers(con: duckdb.DuckDBPyConnection) -> None:
    """Numbers of Kineto's texts begin with their category, and arrays must not be as long as they are high."""
    (kernel,) = [table for table in NARROW if table.name == "kernel"]
    narrow.insert(con, kernel, _rows(kernel, _create_whole(con, kernel), 0))
    for part in ("kernel_row", "kernel_text"):
        con.execute(f"UPDATE {part} SET text_id = text_id + ((4 + text_id % 2) << 27)")
    names = Codes(con, ["kernel_text"], "name")
    texts = RowTexts(con, "kernel", ("hash(name)", names.of))
    places = Places(con, "kernel_row", "kernel_id")
    found = {
        (*(int(key[0]) for key in places.keys(at[i : i + 1])), names.rows[code[i]][0])
        for at, (code,), _ in texts.read(places)
        for i in range(len(at))
    }
    assert found == set(con.table("kernel").project("trace_id, kernel_id, name").fetchall())
    assert texts.places.none <= 2 * COUNT
