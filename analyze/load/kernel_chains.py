"""Fill chain_loss in one pass over the kernels in order of their streams.

The rows equal those of queries/limit/chain_loss.sql, which puts all kernels in order twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import insert
from genscope.analyze.load.numbered import At, Codes, split
from genscope.analyze.load.places import Places, read_batches
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.sweep import by_start
from genscope.analyze.native.arrays import put, take
from genscope.analyze.readers.arrow_column import numbers

# kernels that one kernel replaces at most, as in the SQL
_MOST = 8
_LARGEST = np.iinfo(np.int64).max
_STREAM = "trace_id, device_id, stream_id"
_KERNEL = "kernel_id IS NOT NULL AND stream_id IS NOT NULL"
_NONE = -1


def fill_chain_loss(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert its rows; false, and no rows, if kernels are too long for it."""
    groups = list(
        read_batches(con.table("fusible_group"), "trace_id", "first_work_id", "shape", "computes")
    )
    if not groups:
        return True
    kernels = _Kernels(con)
    for trace, first, shape, computes in groups:
        kernels.know(trace, first, shape, computes)
    if kernels.longest > _LARGEST // max(1, kernels.works.none):
        return False
    least = con.table("limit_constant").project("chain_length").fetchall()[0][0]
    for begun, places in kernels.runs():
        _insert(con, kernels, begun, places, least)
    return True


class _Kernels:
    """What chain_loss needs of each kernel, by the places of works."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.works, self._scratch = Places(con, "work_row", "work_id"), Scratch(con)
        # by the first work of each group: its shape, 0 if it can't be fused, and whether it computes
        self._shape, self.computes = self._new(0, np.int32), self._new(False, np.bool_)
        self._start, self.dur, self.step = (self._new(0, np.int64) for _ in range(3))
        self.first, self._stream = self._new(0, np.int32), self._new(_NONE, np.int32)
        self.no_step = self._new(False, np.bool_)
        self.longest = 0
        streams = Codes(con, ["work_row"], _STREAM)
        asked = ("start_ns", "dur_ns", f"hash({_STREAM})", _KERNEL)
        for at, start, dur, stream, is_kernel in self.works.read("work_row", *asked):
            put(self._start, at, start)
            put(self.dur, at, dur)
            put(self._stream, at, np.where(is_kernel != 0, streams.of(stream), _NONE))
            self.longest = max(self.longest, int(dur.max(initial=0)))
            self._scratch.release_some()
        grouped = con.table("grouped_work")
        of_group = ("trace_id", "work_id", "first_work_id", "coalesce(step, 0)", "step IS NULL")
        for trace, work, first, step, no_step in read_batches(grouped, *of_group):
            at = self.works.of(trace, work)
            put(self.first, at, self.works.of(trace, first))
            put(self.step, at, step)
            put(self.no_step, at, no_step != 0)
            self._scratch.release_some()

    def _new(self, value: Any, kind: type[np.generic]) -> NDArray[Any]:
        return self._scratch.new(self.works.none + 1, value, kind)

    def know(self, trace: Any, first: Any, shape: Any, computes: Any) -> None:
        """Keep what is known of groups."""
        at = self.works.of(trace, first)
        self._shape[at], self.computes[at] = shape, computes != 0

    def shape(self, places: At) -> At:
        """The shapes of kernels."""
        return take(self._shape, take(self.first, places))

    def runs(self) -> Iterator[tuple[int, At]]:
        """Kernels of a stream in order, no run of one shape in two parts, and how many are before them."""
        rows = np.flatnonzero(self._stream != _NONE).astype(np.int32)
        for _, stream in split(rows, take(self._stream, rows)):
            ordered = by_start(self._scratch, self._start, stream)
            begun, held = 0, ordered[:0]
            for block in self._scratch.blocks(ordered):
                places = np.concatenate([held, block])
                changes = np.flatnonzero(np.diff(self.shape(places)))
                whole = int(changes[-1]) + 1 if len(changes) else 0
                yield begun, places[:whole]
                begun, held = begun + whole, places[whole:]
            yield begun, held


def _insert(
    con: duckdb.DuckDBPyConnection, kernels: _Kernels, begun: int, places: At, least: int
) -> None:
    """Insert the chains among kernels in order of a stream, of which so many are before them."""
    if not len(places):
        return
    shape, dur = kernels.shape(places), take(kernels.dur, places)
    starts = np.flatnonzero(np.diff(shape, prepend=-1))
    count = np.diff(starts, append=len(places))
    total = np.add.reduceat(dur, starts)
    is_chain = (shape[starts] > 0) & (count >= least) & (total > 0)
    computes = take(kernels.computes, take(kernels.first, places)).astype(np.int64)
    is_chain &= np.add.reduceat(computes, starts) >= 2
    if not is_chain.any():
        return
    fused = np.maximum.reduceat(dur, starts) * np.ceil(count / _MOST)
    share = np.minimum(1, fused / np.maximum(total, 1))

    def of_kernels(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.repeat(values[is_chain], count[is_chain])

    chosen = places[np.repeat(is_chain, count)]
    trace, work = kernels.works.keys(chosen)
    lost = kernels.dur[chosen]
    columns = {
        "trace_id": trace,
        "work_id": work,
        "first_work_id": kernels.works.keys(kernels.first[chosen])[1],
        "step": numbers(kernels.step[chosen], kernels.no_step[chosen]),
        "chain_id": of_kernels(begun + starts + 1),
        "chain_count": of_kernels(count),
        "lost_ns": lost,
        "kept_ns": np.rint(lost * of_kernels(share)).astype(np.int64),
    }
    insert(con, "chain_loss", [columns])
