"""Fill work from the numbers that the texts of kernels and operators have already.

The rows equal those of queries/work/work.sql, by which each row would be joined with its texts only to number
these once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb
import numpy as np

from genscope.analyze.load.columns import Rows, insert
from genscope.analyze.load.narrow import TEXT_ID
from genscope.analyze.load.places import Places
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.native.arrays import put, take
from genscope.analyze.readers.arrow_column import numbers

_IN_GPU_TRACE = "trace_id IN (SELECT DISTINCT kernel_row.trace_id FROM kernel_row)"
_KERNELS = (
    f"""
INSERT INTO work_text BY NAME
SELECT text_id, trace_id, 'gpu' AS time_source, name FROM kernel_text WHERE {_IN_GPU_TRACE}
""",
    """
INSERT INTO work_row BY NAME
SELECT
  trace_id, kernel_id AS work_id, device_id, stream_id, start_ns, dur_ns, kernel_id, text_id
FROM kernel_row
""",
)
_HOST_TRACES = f"""
SELECT trace_id, if(predicted, 'predicted', 'cpu') AS time_source FROM trace WHERE NOT {_IN_GPU_TRACE}
"""
_OPERATOR_TEXTS = f"""
INSERT INTO work_text BY NAME
SELECT text_id, trace_id, time_source, name
FROM cpu_op_text
INNER JOIN ({_HOST_TRACES}) AS host_trace USING (trace_id)
"""


def fill_work(con: duckdb.DuckDBPyConnection, scratch: Scratch) -> bool:
    """Insert its rows."""
    for statement in _KERNELS:
        con.execute(statement)
    sources = dict(con.execute(_HOST_TRACES).fetchall())
    if sources:
        con.execute(_OPERATOR_TEXTS)
        insert(con, "work_row", _operators(con, scratch, sources))
    return True


def _operators(
    con: duckdb.DuckDBPyConnection, scratch: Scratch, sources: Mapping[int, str]
) -> Iterator[Rows]:
    """The rows of operators of traces without kernels, by these sources of their times."""
    places = Places(con, "cpu_op_row", "op_id", scratch)
    start, self_ns, text = (places.new(0, np.int64) for _ in range(3))
    is_work = places.new(False, np.bool_)
    host = [trace for trace, source in sources.items() if source == "cpu"]
    columns = ("trace_id", "start_ns", TEXT_ID, "external_id IS NOT NULL")
    # all of it first: a connection can't be read while it inserts
    for at, trace, start_ns, text_id, is_launch in places.read("cpu_op_row", *columns):
        put(start, at, start_ns)
        put(text, at, text_id)
        put(is_work, at, np.isin(trace, [*sources]) & (np.isin(trace, host) | (is_launch != 0)))
    for at, ns in places.read("cpu_op_parent", "self_ns"):
        put(self_ns, at, ns)
    for block in places.blocks():
        kept = block[is_work[block]]
        if not len(kept):
            continue
        trace, op = places.keys(kept)
        absent = numbers(np.zeros(len(kept), np.int64), np.ones(len(kept), np.bool_))
        yield {
            "trace_id": trace,
            "work_id": op,
            "device_id": -1,
            "stream_id": absent,
            "start_ns": take(start, kept),
            "dur_ns": take(self_ns, kept),
            "kernel_id": absent,
            "op_id": op,
            TEXT_ID: take(text, kept),
        }
