"""Add up how launches went, from arrays of a trace's kernels and copies.

The rows equal those that the SQL of launch_sum and later_kernel defines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows
from genscope.analyze.load.covered import Times, exact_sum
from genscope.analyze.load.launched import Events
from genscope.analyze.load.numbered import At, split
from genscope.analyze.native.arrays import put, take
from genscope.analyze.readers import arrow_column
from genscope.analyze.readers.arrow_column import numbers

_LIMIT = 1 << 63
_LOW = 0xFFFFFFFF
_KINDS = ("kernel", "copy")
_EVENT_COUNTS = ("event", "unlinked", "single", "shared", "shorter_than_call")
_Row = dict[str, Any]


def launch_sums(events: Events, trace_id: int, rows: At, firsts: At) -> list[_Row]:
    """The rows of launch_sum of a trace; `rows` are its events, `firsts` the first of each shared call."""
    counts, device_ns = _added(events, rows)
    names = ["unlinked", *events.calls.names]
    begun = _begun(events, trace_id, rows, firsts)
    found: list[_Row] = []
    for what, label in enumerate(_KINDS):
        known = np.flatnonzero(counts["event"][what]).tolist()
        if not known:
            continue
        groups = [(None, known), *((names[name], [name]) for name in known)]
        delays = begun.delays(what, [name - 1 for name in known])
        for (name, chosen), delay in zip(groups, delays, strict=True):
            total = {key: int(values[what, chosen].sum()) for key, values in counts.items()}
            found.append(
                {
                    "trace_id": trace_id,
                    "what": label,
                    "call_name": name,
                    "event_count": total["event"],
                    "device_ns": _fitting(sum(device_ns[what][one] for one in chosen)),
                    "unlinked_count": total["unlinked"],
                    "unlinked_ns": _fitting(device_ns[what][0] if 0 in chosen else 0),
                    "single_count": total["single"],
                    "shared_count": total["shared"],
                    "shorter_than_call_count": total["shorter_than_call"],
                    **delay,
                }
            )
    return found


def _added(events: Events, rows: At) -> tuple[dict[str, NDArray[np.int64]], list[list[int]]]:
    """How many events of each kind, by the number of their call's name plus 1; and their ns."""
    calls = events.calls
    shape = len(_KINDS), len(calls.names) + 1
    size = shape[0] * shape[1]
    # by how many events their call has, 2 for several, and whether they are shorter than it
    counts = np.zeros((size, 3, 2), np.int64)
    low, high = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for block in events.scratch.blocks(rows):
        call = take(events.call, block)
        key = (block >= events.first_copy) * shape[1] + take(calls.name, call) + 1
        count = np.minimum(take(events.count, call), 2)
        device = take(events.end, block) - take(events.start, block)
        is_shorter = device < take(calls.end, call) - take(calls.start, call)
        joint = (key * 3 + count) * 2 + is_shorter
        counts += np.bincount(joint, minlength=counts.size).reshape(counts.shape)
        # a sum of floats is exact below 2^53
        low += np.bincount(key, device & _LOW, size).astype(np.int64)
        high += np.bincount(key, device >> 32, size).astype(np.int64)
    ns = [(int(h) << 32) + int(n) for h, n in zip(high, low, strict=True)]
    by_kind = [ns[first : first + shape[1]] for first in range(0, size, shape[1])]
    unlinked, single, shared = counts.sum(axis=2).T
    added = unlinked + single + shared, unlinked, single, shared, counts[:, 1, 1]
    named = zip(_EVENT_COUNTS, added, strict=True)
    return {key: values.reshape(shape) for key, values in named}, by_kind


@dataclass(frozen=True)
class _Begun:
    """The calls of a trace with the kind of the first event of each, -1 without, and when it starts."""

    events: Events
    first_call: int
    start: Times
    kind: NDArray[np.int8]

    def delays(self, what: int, names: Sequence[int]) -> Iterator[_Row]:
        """How long those of a kind took to start: all calls, and then those of each name."""
        calls = self.events.calls
        places = np.flatnonzero(self.kind == what).astype(np.int32)
        rows = np.arange(len(places), dtype=np.int32)
        of_name = dict(split(rows, calls.name[places + np.int32(self.first_call)]))
        named = [of_name.get(name, rows[:0]) for name in names]
        found: list[_Row] = [{} for _ in (None, *names)]
        # one measure after the other, because each is as long as the trace
        for later, earlier, add in (
            (calls.end, calls.start, _add_called),
            (None, calls.start, _add_delay),
            (None, calls.end, _add_queued),
        ):
            values = self._less(places, later, earlier)
            for row, some in zip(found[1:], named, strict=True):
                add(row, take(values, some))
            add(found[0], values)
        yield from found

    def _less(self, places: At, later: Times | None, earlier: Times) -> Times:
        """From one time of these calls to another; `later` is by default when their event starts."""
        values = np.empty(len(places), np.int64)
        done = 0
        for block in self.events.scratch.blocks(places):
            called = block + np.int32(self.first_call)
            at = take(self.start, block) if later is None else take(later, called)
            np.subtract(at, take(earlier, called), out=values[done : done + len(block)])
            done += len(block)
        return values


def _begun(events: Events, trace_id: int, rows: At, firsts: At) -> _Begun:
    first, count = events.calls.places.first(trace_id), events.calls.places.count(trace_id)
    start, kind = events.scratch.new(count, 0, np.int64), np.full(count, -1, np.int8)
    for some, is_single in ((rows, True), (firsts, False)):
        for block in events.scratch.blocks(some):
            is_alone = take(events.count, take(events.call, block)) == 1
            called = block[is_alone] if is_single else block
            call = take(events.call, called) - np.int32(first)
            put(start, call, take(events.start, called))
            put(kind, call, called >= events.first_copy)
    return _Begun(events, first, start, kind)


def _add_called(row: _Row, ns: Times) -> None:
    row |= {"call_count": len(ns), "call_ns": _sum(ns)}
    row["call_p50_ns"], row["call_max_ns"] = _quantiles(ns, 50, 100)


def _add_delay(row: _Row, ns: Times) -> None:
    row["launch_delay_sum_ns"] = _sum(ns)
    quantiles = zip(("min", "p50", "p99", "max"), _quantiles(ns, 0, 50, 99, 100), strict=True)
    row |= {f"launch_delay_{what}_ns": value for what, value in quantiles}
    row["negative_launch_delay_count"] = int((ns < 0).sum())


def _add_queued(row: _Row, ns: Times) -> None:
    row["queue_delay_sum_ns"] = _sum(ns)
    row["negative_queue_delay_count"] = int((ns < 0).sum())


def _sum(values: Times) -> int | None:
    """The sum; NULL without values or beyond int64."""
    return _fitting(exact_sum(values)) if len(values) else None


def _fitting(total: int) -> int | None:
    return total if -_LIMIT <= total < _LIMIT else None


def _quantiles(values: Times, *percents: int) -> list[int | None]:
    """The smallest values with at least these shares at or below them; puts `values` in another order."""
    if not len(values):
        return [None] * len(percents)
    places = [
        max(1, len(values) - len(values) * (100 - percent) // 100) - 1 for percent in percents
    ]
    values.partition(places)
    return [int(value) for value in values[places]]


def launch_columns(found: Sequence[_Row]) -> Rows:
    """Rows of launch_sum as columns."""
    columns: Rows = {}
    for name in found[0]:
        values = [row[name] for row in found]
        if name in ("what", "call_name"):
            columns[name] = arrow_column.texts([v if v is None else v.encode() for v in values])
        else:
            absent = np.array([value is None for value in values])
            columns[name] = numbers(np.array([value or 0 for value in values], np.int64), absent)
    return columns
