"""Fill chain_loss in one pass over the kernels in order of their streams.

The rows equal those of queries/limit/chain_loss.sql, which puts all kernels in order twice.
"""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Asked, Columns, insert, read
from genscope.analyze.load.places import Places, read_batches

_KERNEL: Asked = {
    "trace_id": ("trace_id", np.int32),
    "work_id": ("work_id", np.int64),
    "device_id": ("device_id", np.int32),
    "stream_id": ("stream_id", np.int64),
    "start_ns": ("start_ns", np.int64),
    "dur_ns": ("dur_ns", np.int64),
}
_STREAM = ("trace_id", "device_id", "stream_id")
# kernels that one kernel replaces at most, as in the SQL
_MOST = 8
_LARGEST = np.iinfo(np.int64).max


def fill_chain_loss(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert its rows; false, and no rows, if kernels are too long for it."""
    kernels = con.table("work").filter("time_source = 'gpu' AND stream_id IS NOT NULL")
    kernel = read(kernels.filter("kernel_id IS NOT NULL"), _KERNEL)
    count = len(kernel["work_id"])
    if int(kernel["dur_ns"].max(initial=0)) > _LARGEST // max(count, 1):
        return False
    shape, computes = _shapes(con, kernel) if count else (np.zeros(0, np.int32),) * 2
    if not shape.any():
        return True
    order = np.lexsort([kernel[name] for name in ("work_id", "start_ns", *_STREAM[::-1])])
    shape, computes = shape[order], computes[order]
    is_new = np.zeros(count, np.bool_)
    for name in _STREAM:
        values = kernel[name][order]
        is_new[1:] |= values[1:] != values[:-1]
    position = np.arange(1, count + 1)
    position -= np.maximum.accumulate(np.where(is_new, position - 1, 0))
    is_new[0] = True
    is_new[1:] |= shape[1:] != shape[:-1]
    _insert(con, kernel, order, np.flatnonzero(is_new), (position, shape, computes))
    return True


def _shapes(
    con: duckdb.DuckDBPyConnection, kernel: Columns
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The shape of each kernel, 0 for one that can't be in a chain, and whether it computes."""
    works = Places(con, "work", "work_id")
    shape, computes = works.new(0, np.int32), works.new(0, np.int32)
    for trace, first, number, flag in read_batches(
        con, "fusible_group", "trace_id", "first_work_id", "shape", "computes"
    ):
        firsts = works.of(trace, first)
        shape[firsts], computes[firsts] = number, flag
    first_of = works.new(works.none, np.int32)
    for places, trace, first in works.read("grouped_work", "trace_id", "first_work_id"):
        first_of[places] = works.of(trace, first)
    group = first_of[works.of(kernel["trace_id"], kernel["work_id"])]
    return shape[group], computes[group]


def _insert(
    con: duckdb.DuckDBPyConnection,
    kernel: Columns,
    order: NDArray[np.int64],
    starts: NDArray[np.int64],
    of_kernels: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]],
) -> None:
    """Insert the chains among the runs of kernels of one shape that start at those places of the order."""
    position, shape, computes = of_kernels
    dur = kernel["dur_ns"][order]
    count = np.diff(starts, append=len(order))
    total = np.add.reduceat(dur, starts)
    length = con.table("limit_constant").project("chain_length").fetchall()[0][0]
    is_chain = (shape[starts] > 0) & (count >= length) & (total > 0)
    is_chain &= np.add.reduceat(computes, starts) >= 2
    fused = np.maximum.reduceat(dur, starts) * np.ceil(count / _MOST)
    share = np.minimum(1, fused / np.maximum(total, 1))

    def of_chains(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.repeat(values[is_chain], count[is_chain])

    chained = np.repeat(is_chain, count)
    rows = order[chained]
    kept = np.rint(dur[chained] * np.repeat(share[is_chain], count[is_chain])).astype(np.int64)
    columns = {
        "trace_id": kernel["trace_id"][rows].astype(np.int64),
        "work_id": kernel["work_id"][rows],
        "chain_id": of_chains(position[starts]),
        "chain_count": of_chains(count),
        "kept_ns": kept,
    }
    insert(con, "chain_loss", [columns])
