"""How much of any span of time some ranges cover: by two look-ups, instead of a comparison with each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from genscope.analyze.native.arrays import take

Times = NDArray[np.int64]


class Cover:
    """Ranges merged where they touch or overlap: starts and ends in ns, int64[n], in order of time."""

    def __init__(self, starts: Times, ends: Times) -> None:
        open_ = ends > starts
        if not open_.all():
            starts, ends = starts[open_], ends[open_]
        if (starts[1:] < starts[:-1]).any():
            order = np.argsort(starts, kind="stable")
            starts, ends = take(starts, order), take(ends, order)
        if len(starts):
            reached = np.maximum.accumulate(ends)
            first = np.flatnonzero(np.append(True, starts[1:] > reached[:-1]))
            last = np.append(first[1:] - 1, len(ends) - 1)
            starts, ends = take(starts, first), take(reached, last)
        self.starts, self.ends = starts, ends
        self._before = np.append(0, np.cumsum(ends - starts))

    @property
    def total_ns(self) -> int:
        """ns that they cover."""
        return int(self._before[-1])

    def upto(self, at: Times) -> Times:
        """ns covered before each moment, int64[len(at)]."""
        if not len(self.starts):
            return np.zeros(len(at), np.int64)
        begun = np.searchsorted(self.starts, at, side="right")
        last = np.maximum(begun - 1, 0)
        ends = np.minimum(at, take(self.ends, last))
        covered = take(self._before, last) + ends - take(self.starts, last)
        return np.where(begun > 0, covered, 0)


def first_open(layers: Iterable[tuple[Times, Times]]) -> Iterator[Cover]:
    """The covers of the first layer, of the first two, and so on; `layers` are starts and ends.

    The time in which layer n is open and none before it is what the nth cover has more than the one
    before.
    """
    nothing = np.zeros(0, np.int64)
    before = Cover(nothing, nothing)
    for starts, ends in layers:
        if len(starts):
            own = Cover(starts, ends)
            both = (before.starts, own.starts), (before.ends, own.ends)
            before = Cover(*map(np.concatenate, both)) if len(before.starts) else own
        yield before


def spent(covers: Iterable[Cover], start: Times, end: Times) -> NDArray[np.int64]:
    """ns of each span in which each layer is the first open one, int64[len(start), len(covers)]."""
    within = [cover.upto(end) - cover.upto(start) for cover in covers]
    return np.diff(np.stack(within, axis=1), axis=1, prepend=0)


def exact_sum(durations: Times) -> int:
    """The sum, also beyond int64."""
    return (int((durations >> 32).sum()) << 32) + int((durations & 0xFFFFFFFF).sum())
