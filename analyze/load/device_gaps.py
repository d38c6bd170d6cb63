"""The gaps of devices and the cause of each ns in them, from arrays in order of time.

The definitions are queries/idle/device_gap.sql and idle_part.sql, which sort each edge of each range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.covered import Cover, Times, spent
from genscope.analyze.load.launched import NONE, Earliest, Events
from genscope.analyze.load.numbered import At, distinct
from genscope.analyze.native.arrays import take

CAUSES = (
    "host_sync", "host_memory", "host_runtime", "host_dataloader", "host_operator", "host_other",
    "launch", "device", "graph", "unlinked",
)  # fmt: skip
_OTHER, _LAUNCH, _DEVICE, _GRAPH, _UNLINKED = (
    CAUSES.index(name) for name in ("host_other", "launch", "device", "graph", "unlinked")
)
_IN_SHORT = [CAUSES.index(n) for n in ("host_runtime", "host_operator", "host_other", "launch")]
_SHORT_NS = 1_000_000

# of each thread, by its number: the covers of first_open over the layers of host_activity
Hosts = Mapping[int, list[Cover]]


@dataclass(frozen=True)
class Gaps:
    """Gaps of one device, n of each, in order of time; see device_gap."""

    start: Times
    end: Times
    host_end: Times
    launch_end: Times
    # the place of the event that ends it, and the thread of that one's call
    ending: At
    track: At
    # the index in CAUSES of the one cause of all of a gap, else NONE
    whole_cause: NDArray[np.int64]

    @property
    def waits_for_host(self) -> NDArray[np.bool_]:
        """Whether the host had not called when the device became idle."""
        is_several: NDArray[np.bool_] = self.whole_cause == NONE
        return is_several & (self.host_end > self.start)

    def parts(
        self, hosts: Hosts, gap: NDArray[np.int64] | slice = slice(None), until: Times | None = None
    ) -> NDArray[np.int64]:
        """ns of each cause in the first part of some gaps, up to `until`: int64[len(gap), 10]."""
        start, whole, end = self.start[gap], self.whole_cause[gap], self.end[gap]
        host_end, launch_end = self.host_end[gap], self.launch_end[gap]
        # column by column, as they are filled and inserted
        found = np.zeros((len(start), len(CAUSES)), np.int64, order="F")
        until = end if until is None else np.minimum(until, end)
        for cause in (_GRAPH, _UNLINKED):
            of_cause = whole == cause
            found[of_cause, cause] = (until - start)[of_cause]
        several = whole == NONE
        host_until = np.minimum(until, host_end)
        launch_until = np.clip(until, host_end, launch_end)
        found[several, _LAUNCH] = (launch_until - host_end)[several]
        found[several, _DEVICE] = (np.maximum(until, launch_end) - launch_end)[several]
        waits, track = self.waits_for_host[gap], self.track[gap]
        for one in distinct(track[waits]):
            rows = np.flatnonzero(waits & (track == one))
            host_ns = host_until[rows] - start[rows]
            known = spent(hosts[int(one)], start[rows], host_until[rows])
            found[rows, : known.shape[1]] = known
            found[rows, _OTHER] = host_ns - known.sum(axis=1)
        return found


class CauseSums:
    """ns of each cause, and of those in short gaps, before some moments: int64[len(at), 11]."""

    def __init__(self, at: Times) -> None:
        self._at = at
        self.before = np.zeros((len(at), len(CAUSES) + 1), np.int64)
        self._so_far = np.zeros(len(CAUSES) + 1, np.int64)

    def add(self, gaps: Gaps, hosts: Hosts, parts: NDArray[np.int64]) -> None:
        """Take in the next gaps, with ns of each cause."""
        # the last gap that has begun by each moment; of those after the last, the next ones decide again
        last = np.searchsorted(gaps.start, self._at, side="right") - 1
        begun = np.flatnonzero(last >= 0)
        last = last[begun]
        part = _with_short(gaps, last, gaps.parts(hosts, last, self._at[begun]))
        first, place = np.unique(np.append(0, last), return_inverse=True)
        summed = np.add.reduceat(_with_short(gaps, slice(None), parts), first, axis=0)
        upto = self._so_far + np.cumsum(summed, axis=0)
        self.before[begun] = (upto - summed)[place[1:]] + part
        self._so_far = upto[-1]


def _with_short(
    gaps: Gaps, gap: NDArray[np.int64] | slice, parts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """ns of each cause in these gaps, and of those of a host in short gaps."""
    found = np.zeros((len(parts), len(CAUSES) + 1), np.int64, order="F")
    found[:, :-1] = parts
    for cause in _IN_SHORT:
        found[:, -1] += parts[:, cause]
    found[gaps.end[gap] - gaps.start[gap] >= _SHORT_NS, -1] = 0
    return found


def gaps_of(events: Events, rows: At, begun: Earliest) -> Iterator[Gaps]:
    """The gaps between those events of a device, which are in order, block by block."""
    reached: Times | None = None
    for block in events.scratch.blocks(rows):
        start = take(events.start, block)
        reached = start[:1] if reached is None else reached
        # up to when the device was busy before each event
        busy = np.maximum.accumulate(np.append(reached, take(events.end, block)))
        reached = busy[-1:]
        ends = np.flatnonzero(start > busy[:-1])
        if len(ends):
            yield _gaps(events, block[ends], busy[ends], begun)


def _gaps(events: Events, ending: At, start: Times, begun: Earliest) -> Gaps:
    """Gaps by the events that end them and by their starts."""
    end, call = events.start[ending], events.call[ending]
    calls = events.calls
    is_graph = begun.of(call) < end
    is_unlinked = call == calls.places.none
    return Gaps(
        start=start,
        end=end,
        host_end=np.maximum(start, np.minimum(calls.start[call], end)),
        launch_end=np.maximum(start, np.minimum(calls.end[call], end)),
        ending=ending,
        track=calls.track[call],
        whole_cause=np.where(is_unlinked, _UNLINKED, np.where(is_graph, _GRAPH, NONE)),
    )
