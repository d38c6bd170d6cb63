"""An empty study, and rows of its tables, one at a time; those of a table of two parts (see narrow) are put into both."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import duckdb

from genscope.analyze.connect import connect
from genscope.analyze.load.narrow import TEXT_ID, texts_of
from genscope.analyze.load.tables import empty_study, table_files

_NUMBERS = count()


@contextmanager
def new_study(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty study for statements on one thread: a copy takes a twentieth of the time of new tables."""
    study = folder / "study.duckdb"
    study.write_bytes(empty_study())
    with connect(str(study)) as con:
        con.execute("SET threads = 1")
        yield con


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
