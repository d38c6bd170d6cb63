"""Relations of many rows are read whole."""

from threading import Thread

import duckdb
import numpy as np

from genscope.analyze.load.columns import read
from genscope.analyze.load.tables import create_schema

# DuckDB 1.5.6 on one thread streams so many rows of this union of joins only in part, and then waits
COUNT = 600_000
ROWS = {
    "cpu_op": "i AS op_id, i * 10 AS start_ns, 9 AS dur_ns, 'aten::mm' AS name",
    "cpu_op_parent": "i AS op_id, i AS root_op_id, 0 AS depth, i * 10 + 9 AS end_ns, 9 AS self_ns",
    "runtime_call": "i AS call_id, i * 10 AS start_ns, 5 AS dur_ns, 'cudaLaunchKernel' AS name",
}


def test_a_long_union_is_read_to_its_end() -> None:
    con = duckdb.connect(config={"threads": 1})
    con.execute("SET preserve_insertion_order = false")
    create_schema(con)
    for table, columns in ROWS.items():
        rows = f"SELECT 1 AS trace_id, {columns} FROM range({COUNT}) AS t (i)"
        con.execute(f"INSERT INTO {table} BY NAME {rows}")
    counts = []

    def count() -> None:
        columns = {"layer": ("layer::TINYINT", np.int8), "end_ns": ("end_ns", np.int64)}
        counts.append(len(read(con.table("host_activity"), columns)["layer"]))

    # a daemon, so that a reader that waits for ever fails the test and doesn't hold it
    reading = Thread(target=count, daemon=True)
    reading.start()
    reading.join(60)
    assert counts == [2 * COUNT]
