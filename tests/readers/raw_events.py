"""Run the reader alone, without tables, as the tests of its tolerance need it: in milliseconds."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from genscope.analyze.load import staging, tables
from genscope.analyze.readers.kineto import read as kineto
from tests.readers.slow_reader import COLUMNS, Row


@dataclass(frozen=True)
class Read:
    """The rows of a file, in the columns of slow_reader, and what the reader says of the file."""

    rows: Counter[Row]
    file: kineto.KinetoFile

    @property
    def kinds(self) -> set[str]:
        return set(self.file.fault_counts)

    @property
    def event_count(self) -> int:
        return self.rows.total() + self.file.unread.total() + self.file.skipped


def read_bytes(data: bytes, *, keep: tuple[str, ...] = ("python", "flow")) -> Read:
    """Read a trace given as the bytes of its file. Raises UserError if it is none."""
    with TemporaryDirectory() as folder, duckdb.connect() as con, staging.staging_area(con):
        con.execute("SET threads = 1")
        path = Path(folder) / "trace.json"
        path.write_bytes(data)
        parts = Path(folder) / "parts"
        parts.mkdir()
        file = kineto.read(con, path, parts, keep=keep, workers=1)
        tables.create_macros(con)
        staging.create_raw(con, "kineto")
        columns = ", ".join(f"CAST({name} AS VARCHAR)" for name in COLUMNS)
        rows = con.table("kineto_event").project(columns).fetchall()
        return Read(Counter(rows), file)
