"""Relations of many rows are read whole."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread

import duckdb
import numpy as np

from genscope.analyze.load import narrow, study_file
from genscope.analyze.load.columns import read
from genscope.analyze.load.tables import create_schema, table_files
from genscope.analyze.study import Study

# DuckDB 1.5.6 on one thread streams so many rows of this union of joins only in part, and then waits
COUNT = 600_000
ROWS = {
    "cpu_op": "i AS op_id, i * 10 AS start_ns, 9 AS dur_ns, 'aten::mm' AS name, 0 AS signature_id",
    "cpu_op_parent": "i AS op_id, i AS root_op_id, 0 AS depth, i * 10 + 9 AS end_ns, 9 AS self_ns",
    "runtime_call": "i AS call_id, i * 10 AS start_ns, 5 AS dur_ns, 'cudaLaunchKernel' AS name",
}


def _fill(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("SET preserve_insertion_order = false")
    for table, columns in ROWS.items():
        rows = f"SELECT 1 AS trace_id, {columns} FROM range({COUNT}) AS t (i)"
        narrow.insert(con, table_files()[table], rows)


def _within_a_minute(count: Callable[[], int]) -> list[int]:
    """What it returns; nothing if it waits for ever, since a daemon does not hold the test."""
    counts: list[int] = []
    reading = Thread(target=lambda: counts.append(count()), daemon=True)
    reading.start()
    reading.join(60)
    return counts


def test_a_long_union_is_read_to_its_end() -> None:
    con = duckdb.connect(config={"threads": 1})
    create_schema(con)
    _fill(con)
    columns = {"layer": ("layer::TINYINT", np.int8), "end_ns": ("end_ns", np.int64)}
    table = con.table("host_activity")
    assert _within_a_minute(lambda: len(read(table, columns)["layer"])) == [2 * COUNT]


def test_a_study_answers_with_a_long_union(tmp_path: Path) -> None:
    with study_file.open_to_write(tmp_path / "study.duckdb") as con:
        _fill(con)
    study = Study(tmp_path / "study.duckdb")
    study._options["threads"] = 1
    assert _within_a_minute(lambda: study.sql("FROM host_activity").height) == [2 * COUNT]
