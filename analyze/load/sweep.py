"""Ranges of a whole trace stretch by stretch of time, so that memory holds those of one stretch only."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from genscope.analyze.load.covered import Times
from genscope.analyze.load.numbered import At
from genscope.analyze.load.scratch_arrays import BLOCK, Scratch

# no moment of a trace is this late, so that no sum of spans can leave int64
LATEST_NS = 1 << 61


class Sweep:
    """Ranges in order of their starts, given out stretch by stretch."""

    def __init__(self, scratch: Scratch, start: Times, end: Times, rows: At) -> None:
        self._start, self._end, self._rows = start, end, by_start(scratch, start, rows)
        self.restart()

    def restart(self) -> None:
        """Begin again with the first stretch."""
        self._next, self._open = 0, self._rows[:0]

    @property
    def edges(self) -> Times:
        """Moments between which not many ranges begin."""
        return self._start[self._rows[BLOCK::BLOCK]]

    def until(self, at: int) -> At:
        """The places of the ranges that are open at a time from the last moment to this one."""
        after = bisect_left(self._rows, at, lo=self._next, key=lambda row: self._start[row])
        rows = np.concatenate([self._open, self._rows[self._next : after]])
        self._next = after
        self._open = rows[self._end[rows] > at]
        return rows


def stretches(sweeps: Sequence[Sweep]) -> Iterator[tuple[int, int, list[At]]]:
    """Stretches of all time, each with the places of the ranges that are open in it, of each sweep."""
    edges = np.unique(np.concatenate([np.zeros(0, np.int64), *(one.edges for one in sweeps)]))
    since = -LATEST_NS
    for until in (*edges.tolist(), LATEST_NS):
        yield since, until, [one.until(until) for one in sweeps]
        since = until


def by_start(scratch: Scratch, start: Times, rows: At) -> At:
    """The rows in order of their starts; mostly they are."""
    latest = -LATEST_NS
    for block in scratch.blocks(rows):
        found = start[block]
        if found[0] < latest or (found[1:] < found[:-1]).any():
            rows = rows[np.argsort(start[rows], kind="stable").astype(np.int32)]
            break
        latest = found[-1]
    scratch.release()
    return rows


def fit(scratch: Scratch, *times: Times) -> bool:
    """Whether no sum of spans between these times can leave int64."""
    return all(
        int(block.min()) > -LATEST_NS and int(block.max()) < LATEST_NS
        for values in times
        for block in scratch.blocks(values)
    )
