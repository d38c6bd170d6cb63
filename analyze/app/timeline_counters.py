"""What a trace counts over time: memory in use, launches that wait, and GPU counters.

An empty queue starves a device, and memory says what a step keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from genscope.analyze.app.timeline_slices import asked, by_number, groups

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Counter:
    """A counter's changes in order of time, ns from the trace's base, each with the value from then on.

    `counter` is 'queue' (launches whose first kernel has not begun), or as in queries/app/timeline_counted.sql.
    """

    counter: str
    device_id: int
    time: NDArray[np.int64]
    value: NDArray[np.float64]


def read_counters(con: duckdb.DuckDBPyConnection, trace_id: int) -> list[Counter]:
    """Every counter of a trace, by name and device. A table timeline_counted must be there."""
    import numpy as np

    names = con.table("timeline_counted").order("counter_id").fetchall()
    found = asked(con, "timeline_counter", trace_id)
    counters = _queues(con, trace_id)
    for number, chosen in groups(found["counter_id"]):
        time, value = found["ts_ns"][chosen], found["value"][chosen]
        order = np.argsort(time, kind="stable")
        _, counter, device = names[number]
        counters.append(Counter(counter, device, time[order], value[order]))
    return sorted(counters, key=lambda one: (one.counter, one.device_id))


def _queues(con: duckdb.DuckDBPyConnection, trace_id: int) -> list[Counter]:
    """Of each device, the launches that were called and whose first kernel there has not begun."""
    import numpy as np

    launch = asked(con, "timeline_launch", trace_id)
    call = asked(con, "timeline_start", trace_id, of_kind="call")
    kernel = asked(con, "timeline_start", trace_id, of_kind="kernel")
    call_of = by_number(launch["kernel_id"], launch["call_id"], kernel["ref"])
    never = np.iinfo(np.int64).max
    counters = []
    for device, chosen in groups(kernel["device_id"]):
        ids, start = call_of[chosen], kernel["start_ns"][chosen]
        started = np.full(int(ids.max(initial=-1)) + 1, never)
        # the last one to be written is the earliest; kernels without a call are left out
        latest_first = np.argsort(start, kind="stable")[::-1]
        latest_first = latest_first[ids[latest_first] >= 0]
        started[ids[latest_first]] = start[latest_first]
        launched = np.flatnonzero(started < never)
        called = by_number(call["ref"], call["start_ns"], launched)
        # of clocks that disagree, nothing can be counted
        counted = (called >= 0) & (called <= started[launched])
        called, begun = np.sort(called[counted]), np.sort(started[launched][counted])
        if len(called):
            # at one time, first those that begin
            time = np.concatenate([begun, called])
            order = np.argsort(time, kind="stable")
            change = np.where(order < len(begun), -1.0, 1.0)
            counters.append(Counter("queue", device, time[order], np.cumsum(change)))
    return counters


def points_of(counter: Counter, bounds: tuple[int, int], bin_ns: int) -> list[list[float]]:
    """[time, largest, last] of each pixel of `bin_ns` between two times in which a counter changes.

    The first one is the value that was valid before, at the first time. Of changes at one time only the last one
    lasts, but each can be the largest.
    """
    import numpy as np

    from_ns, until_ns = bounds
    first, last = np.searchsorted(counter.time, bounds)
    points: list[list[float]] = []
    if first and from_ns < until_ns:
        before = float(counter.value[first - 1])
        if first == len(counter.time) or counter.time[first] > from_ns:
            points.append([from_ns, before, before])
    if first < last:
        time, value = counter.time[first:last], counter.value[first:last]
        begun = np.flatnonzero(np.diff(time // bin_ns, prepend=time[0] // bin_ns - 1))
        largest = np.maximum.reduceat(value, begun)
        ends = value[np.append(begun[1:], len(value)) - 1]
        points += [
            list(row)
            for row in zip(time[begun].tolist(), largest.tolist(), ends.tolist(), strict=True)
        ]
    return points
