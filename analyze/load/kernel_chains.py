"""Fill chain_loss in one pass over the kernels in order of their streams.

The rows equal those of queries/limit/chain_loss.sql, which puts all kernels in order twice.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Columns, insert
from genscope.analyze.load.places import Places, read_batches
from genscope.analyze.readers.arrow_column import numbers

# what is read of each work item
_ASKED: Mapping[str, Mapping[str, type[np.generic]]] = {
    "work": {"device_id": np.int32, "stream_id": np.int64, "start_ns": np.int64},
    "grouped_work": {"first_work_id": np.int32, "step": np.int64, "dur_ns": np.int64},
}
# kernels that one kernel replaces at most, as in the SQL
_MOST = 8
_LARGEST = np.iinfo(np.int64).max


def fill_chain_loss(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert its rows; false, and no rows, if kernels are too long for it."""
    groups = list(
        read_batches(con.table("fusible_group"), "trace_id", "first_work_id", "shape", "computes")
    )
    if not groups:
        return True
    works = Places(con, "work", "work_id")
    shape, computes = works.new(0, np.int32), works.new(0, np.int32)
    for trace, first, number, flag in groups:
        shape[works.of(trace, first)], computes[works.of(trace, first)] = number, flag
    item, kernels = _items(works)
    if int(item["dur_ns"].max(initial=0)) > _LARGEST // len(item["dur_ns"]):
        return False
    trace = works.keys(kernels)[0]
    stream = (item["start_ns"], item["stream_id"], item["device_id"])
    order = np.lexsort((*(key[kernels] for key in stream), trace))
    places = kernels[order]
    is_first = np.append(True, np.diff(trace[order]) != 0)
    for key in stream[1:]:
        is_first[1:] |= np.diff(key[places]) != 0
    first_places = works.of(trace[order], item["first_work_id"][places])
    _insert(con, works, item, (places, shape[first_places], computes[first_places], is_first))
    return True


def _items(works: Places) -> tuple[Columns, NDArray[np.int64]]:
    """Columns of all work items by their places, and the places of kernels on streams."""
    item = {name: works.new(0, kind) for asked in _ASKED.values() for name, kind in asked.items()}
    item["no_step"] = works.new(False, np.bool_)
    is_kernel = works.new(False, np.bool_)
    flags = {
        "work": "time_source = 'gpu' AND kernel_id IS NOT NULL AND stream_id IS NOT NULL",
        "grouped_work": "step IS NULL",
    }
    for table, asked in _ASKED.items():
        columns = (f"coalesce({name}, 0)" for name in asked)
        for places, flag, *values in works.read(table, flags[table], *columns):
            (is_kernel if table == "work" else item["no_step"])[places] = flag != 0
            for name, value in zip(asked, values, strict=True):
                item[name][places] = value
    return item, np.flatnonzero(is_kernel)


def _insert(
    con: duckdb.DuckDBPyConnection,
    works: Places,
    item: Columns,
    kernels: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]],
) -> None:
    """Insert the chains among runs of kernels of one shape; the kernels are in order of streams."""
    places, shape, computes, is_first = kernels
    if not len(places):
        return
    starts = np.flatnonzero(is_first | (np.diff(shape, prepend=shape[:1]) != 0))
    count = np.diff(starts, append=len(places))
    dur = item["dur_ns"][places]
    total = np.add.reduceat(dur, starts)
    length = con.table("limit_constant").project("chain_length").fetchall()[0][0]
    is_chain = (shape[starts] > 0) & (count >= length) & (total > 0)
    is_chain &= np.add.reduceat(computes, starts) >= 2
    fused = np.maximum.reduceat(dur, starts) * np.ceil(count / _MOST)
    share = np.minimum(1, fused / np.maximum(total, 1))
    # where the stream of each run starts
    begun = np.maximum.accumulate(np.where(is_first[starts], starts, 0))

    def of_kernels(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.repeat(values[is_chain], count[is_chain])

    chosen = places[np.repeat(is_chain, count)]
    trace, work = works.keys(chosen)
    lost = item["dur_ns"][chosen]
    columns = {
        "trace_id": trace,
        "work_id": work,
        "first_work_id": item["first_work_id"][chosen].astype(np.int64),
        "step": numbers(item["step"][chosen], item["no_step"][chosen]),
        "chain_id": of_kernels(starts - begun + 1),
        "chain_count": of_kernels(count),
        "lost_ns": lost,
        "kept_ns": np.rint(lost * of_kernels(share)).astype(np.int64),
    }
    insert(con, "chain_loss", [columns])
