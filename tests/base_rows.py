"""Rows of a study's tables, one at a time; those of a table of two parts (see narrow) are put into both."""

from itertools import count

import duckdb

from genscope.analyze.load.narrow import TEXT_ID, texts_of
from genscope.analyze.load.tables import table_files

_NUMBERS = count()


def insert(con: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    """Insert one row. Its texts are stored again even if another row has the same."""
    texts = texts_of(table_files()[table])
    if not texts:
        return _insert(con, table, values)
    trace_id = values["trace_id"]
    assert isinstance(trace_id, int)
    number = {TEXT_ID: (trace_id << 32) + next(_NUMBERS)}
    in_text = {name: value for name, value in values.items() if name in texts}
    in_row = {name: value for name, value in values.items() if name not in texts}
    _insert(con, f"{table}_text", {"trace_id": trace_id, **number, **in_text})
    return _insert(con, f"{table}_row", in_row | number)


def _insert(con: duckdb.DuckDBPyConnection, table: str, values: dict[str, object]) -> None:
    marks = ", ".join("?" * len(values))
    con.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", [*values.values()])
