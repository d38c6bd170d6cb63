"""Ranges of a whole trace stretch by stretch of time, so that memory holds those of one stretch only."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from genscope.analyze.load.covered import Cover, Times
from genscope.analyze.load.numbered import At, distinct, gathered
from genscope.analyze.load.scratch_arrays import BLOCK, Scratch
from genscope.analyze.native.arrays import take

# no moment of a trace is this late, so that no sum of spans can leave int64
LATEST_NS = 1 << 61
# of so many rows, one is looked at to choose the edges of parts
_ONE_OF = 7


class Sweep:
    """Ranges in order of their starts, given out stretch by stretch."""

    def __init__(self, scratch: Scratch, start: Times, end: Times, rows: At) -> None:
        self._start, self._end, self._rows = start, end, by_start(scratch, start, rows)
        self.restart()

    def restart(self) -> None:
        """Begin again with the first stretch."""
        self._next, self._open = 0, self._rows[:0]

    def spans(self, rows: At, since: int, until: int) -> tuple[Times, Times]:
        """The starts and ends of these ranges in a stretch of time."""
        start, end = (
            np.clip(take(times, rows), since, until) for times in (self._start, self._end)
        )
        return start, end

    @property
    def edges(self) -> Times:
        """Moments between which not many ranges begin."""
        return self._start[self._rows[BLOCK::BLOCK]]

    def until(self, at: int) -> At:
        """The places of the ranges that are open at a time from the last moment to this one."""
        after = bisect_left(self._rows, at, lo=self._next, key=lambda row: self._start[row])
        rows = np.concatenate([self._open, self._rows[self._next : after]])
        self._next = after
        self._open = rows[take(self._end, rows) > at]
        return rows


def stretches(sweeps: Sequence[Sweep]) -> Iterator[tuple[int, int, list[At]]]:
    """Stretches of all time, each with the places of the ranges that are open in it, of each sweep."""
    edges = distinct(np.concatenate([np.zeros(0, np.int64), *(one.edges for one in sweeps)]))
    since = -LATEST_NS
    for until in (*edges.tolist(), LATEST_NS):
        yield since, until, [one.until(until) for one in sweeps]
        since = until


def covered_before(scratch: Scratch, sweeps: Sequence[Sweep], moments: Times) -> Times:
    """ns before each moment in which any of the ranges is open."""
    at, place = np.unique(moments, return_inverse=True)
    before, so_far = np.zeros(len(at), np.int64), 0
    for sweep in sweeps:
        sweep.restart()
    for since, until, parts in stretches(sweeps):
        spans = [sweep.spans(rows, since, until) for sweep, rows in zip(sweeps, parts, strict=True)]
        cover = Cover(*map(np.concatenate, zip(*spans, strict=True)))
        some = slice(*np.searchsorted(at, [since, until]))
        before[some] = so_far + cover.upto(at[some])
        so_far += cover.total_ns
        scratch.release_some()
    return before[place]


def by_start(scratch: Scratch, start: Times, rows: At) -> At:
    """The rows in order of their starts; mostly they are."""
    if _are_in_order(scratch, start, rows):
        return rows
    # moments between which about a block of them start
    few = np.sort(scratch.taken(start, rows[::_ONE_OF]))
    edges = few[BLOCK // _ONE_OF :: BLOCK // _ONE_OF]
    parts = gathered(
        (block, np.searchsorted(edges, take(start, block), side="right"))
        for block in scratch.blocks(rows)
    )
    ordered, first = np.empty_like(rows), 0
    for _, part in parts:
        end = first + len(part)
        ordered[first:end] = take(part, np.argsort(take(start, part), kind="stable"))
        scratch.release_some()
        first = end
    return ordered


def _are_in_order(scratch: Scratch, start: Times, rows: At) -> bool:
    latest = -LATEST_NS
    for block in scratch.blocks(rows):
        found = take(start, block)
        if found[0] < latest or (found[1:] < found[:-1]).any():
            return False
        latest = found[-1]
    return True


def fit(scratch: Scratch, *times: Times) -> bool:
    """Whether no sum of spans between these times can leave int64."""
    return all(
        int(block.min()) > -LATEST_NS and int(block.max()) < LATEST_NS
        for values in times
        for block in scratch.blocks(values)
    )
