"""The gaps of devices and the cause of each ns in them, from arrays in order of time.

The definitions are queries/idle/device_gap.sql and idle_part.sql, which sort each edge of each range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Columns
from genscope.analyze.load.covered import Cover, Times, spent

CAUSES = (
    "host_sync", "host_memory", "host_runtime", "host_dataloader", "host_operator", "host_other",
    "launch", "device", "graph", "unlinked",
)  # fmt: skip
# an id that is NULL
NONE = -1
_OTHER, _LAUNCH, _DEVICE, _GRAPH, _UNLINKED = (
    CAUSES.index(name) for name in ("host_other", "launch", "device", "graph", "unlinked")
)
_IN_SHORT = [CAUSES.index(n) for n in ("host_runtime", "host_operator", "host_other", "launch")]
_SHORT_NS = 1_000_000
_NEVER = np.iinfo(np.int64).max

# of each thread, by its number: the covers of first_open over the layers of host_activity
Hosts = Mapping[int, list[Cover]]


@dataclass(frozen=True)
class Gaps:
    """The gaps of one device, int64[n] each, in order of time; see device_gap."""

    start: Times
    end: Times
    host_end: Times
    launch_end: Times
    kernel: NDArray[np.int64]
    copy: NDArray[np.int64]
    call: NDArray[np.int64]
    track: NDArray[np.int64]
    # the index in CAUSES of the one cause of all of a gap, else NONE
    whole_cause: NDArray[np.int64]

    @property
    def waits_for_host(self) -> NDArray[np.bool_]:
        """Whether the host had not called when the device became idle."""
        is_several: NDArray[np.bool_] = self.whole_cause == NONE
        return is_several & (self.host_end > self.start)

    def parts(self, hosts: Hosts, gap: NDArray[np.int64], until: Times) -> NDArray[np.int64]:
        """ns of each cause in the first part of some gaps, up to `until`: int64[len(gap), 10]."""
        found = np.zeros((len(gap), len(CAUSES)), np.int64)
        start, whole = self.start[gap], self.whole_cause[gap]
        until = np.minimum(until, self.end[gap])
        for cause in (_GRAPH, _UNLINKED):
            of_cause = whole == cause
            found[of_cause, cause] = (until - start)[of_cause]
        several = whole == NONE
        host_until = np.minimum(until, self.host_end[gap])
        launch_until = np.clip(until, self.host_end[gap], self.launch_end[gap])
        found[several, _LAUNCH] = (launch_until - self.host_end[gap])[several]
        device_ns = np.maximum(until, self.launch_end[gap]) - self.launch_end[gap]
        found[several, _DEVICE] = device_ns[several]
        for track in np.unique(self.track[gap[self.waits_for_host[gap]]]):
            rows = np.flatnonzero(self.waits_for_host[gap] & (self.track[gap] == track))
            host_ns = host_until[rows] - start[rows]
            known = spent(hosts[int(track)], start[rows], host_until[rows])
            found[rows, : known.shape[1]] = known
            found[rows, _OTHER] = host_ns - known.sum(axis=1)
        return found


class CauseSums:
    """ns of each cause, and of those in short gaps, in all gaps before those that some moments lie in."""

    def __init__(self, gaps: Gaps, bounds: Times) -> None:
        self._gaps = gaps
        self._gap = np.unique(self.last(bounds))
        self._before = np.zeros((len(self._gap), len(CAUSES) + 1), np.int64)
        self._so_far = np.zeros(len(CAUSES) + 1, np.int64)

    def last(self, at: Times) -> NDArray[np.int64]:
        """The last gap that has begun by each moment, or the first."""
        return np.maximum(np.searchsorted(self._gaps.start, at, side="right") - 1, 0)

    def with_short(self, gap: NDArray[np.int64], parts: NDArray[np.int64]) -> NDArray[np.int64]:
        """ns of each cause in these gaps, and of those of a host in short gaps."""
        is_short = self._gaps.end[gap] - self._gaps.start[gap] < _SHORT_NS
        in_short = parts[:, _IN_SHORT].sum(axis=1) * is_short
        return np.column_stack([parts, in_short])

    def add(self, block: NDArray[np.int64], parts: NDArray[np.int64]) -> None:
        """Take in the next gaps, with ns of each cause."""
        summed = np.cumsum(self.with_short(block, parts), axis=0)
        inside = (self._gap >= block[0]) & (self._gap <= block[-1])
        place = self._gap[inside] - block[0]
        before = np.where(place[:, None] > 0, summed[place - 1], 0)
        self._before[inside] = self._so_far + before
        self._so_far += summed[-1]

    def before(self, gap: NDArray[np.int64]) -> NDArray[np.int64]:
        """The sums over all gaps before each of these."""
        return self._before[np.searchsorted(self._gap, gap)]


def gaps_of(event: Columns, rows: NDArray[np.int64]) -> Gaps:
    """The gaps between those events, all of one device; the columns are those of device_event."""
    rows = _in_order(event, rows)
    start, call = event["start_ns"][rows], event["call_id"][rows]
    reached = np.maximum.accumulate(event["end_ns"][rows])
    ends = np.flatnonzero(start[1:] > reached[:-1]) + 1
    gap_start, gap_end, caller = reached[ends - 1], start[ends], call[ends]
    ending = rows[ends]
    # when the first event of each call started: the last value that is written to a place stays
    first_ns = np.zeros(int(call.max(initial=NONE)) + 2, np.int64)
    first_ns[call[::-1]] = start[::-1]
    is_graph = first_ns[caller] < gap_end
    return Gaps(
        start=gap_start,
        end=gap_end,
        host_end=np.maximum(gap_start, np.minimum(event["call_start_ns"][ending], gap_end)),
        launch_end=np.maximum(gap_start, np.minimum(event["call_end_ns"][ending], gap_end)),
        kernel=event["kernel_id"][ending],
        copy=event["copy_id"][ending],
        call=caller,
        track=event["track"][ending],
        whole_cause=np.where(caller == NONE, _UNLINKED, np.where(is_graph, _GRAPH, NONE)),
    )


def _in_order(event: Columns, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows by start; of those at one moment, the one that was called first comes first."""
    rows = rows[np.argsort(event["start_ns"][rows], kind="stable")]
    start = event["start_ns"][rows]
    same = start[1:] == start[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    some = rows[tied]
    called = np.where(event["call_id"][some] == NONE, _NEVER, event["call_start_ns"][some])
    keys = event["kernel_id"][some], event["copy_id"][some], called, start[tied]
    rows[tied] = some[np.lexsort(keys)]
    return rows
