"""Add up how launches went, from arrays of a trace's kernels and copies.

The rows equal those that the SQL of launch_sum and later_kernel defines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows
from genscope.analyze.load.covered import Times, exact_sum
from genscope.analyze.load.launched import Events
from genscope.analyze.load.numbered import At
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
        groups = [(None, known), *((names[name], [name]) for name in known)] if known else []
        for name, chosen in groups:
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
                    **begun.row(what, None if name is None else chosen[0] - 1),
                }
            )
    return found


def _added(events: Events, rows: At) -> tuple[dict[str, NDArray[np.int64]], list[list[int]]]:
    """How many events of each kind, by the number of their call's name plus 1; and their ns."""
    calls = events.calls
    shape = len(_KINDS), len(calls.names) + 1
    size = shape[0] * shape[1]
    counts = {key: np.zeros(size, np.int64) for key in _EVENT_COUNTS}
    low, high = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for block in events.scratch.blocks(rows):
        call = events.call[block]
        key = (block >= events.first_copy) * shape[1] + calls.name[call] + 1
        count, device = events.count[call], events.end[block] - events.start[block]
        is_shorter = (count == 1) & (device < calls.end[call] - calls.start[call])
        chosen = (None, count == 0, count == 1, count > 1, is_shorter)
        for kind, some in zip(_EVENT_COUNTS, chosen, strict=True):
            counts[kind] += np.bincount(key if some is None else key[some], minlength=size)
        # a sum of floats is exact below 2^53
        low += np.bincount(key, device & _LOW, size).astype(np.int64)
        high += np.bincount(key, device >> 32, size).astype(np.int64)
    ns = [(int(h) << 32) + int(n) for h, n in zip(high, low, strict=True)]
    by_kind = [ns[first : first + shape[1]] for first in range(0, size, shape[1])]
    return {key: values.reshape(shape) for key, values in counts.items()}, by_kind


@dataclass(frozen=True)
class _Begun:
    """The calls of a trace with the kind of the first event of each, -1 without, and when it starts."""

    events: Events
    first_call: int
    start: Times
    kind: NDArray[np.int8]

    def row(self, what: int, name: int | None) -> _Row:
        """How long those of a kind, and of a name, took to start; of all names without one."""
        calls, first = self.events.calls, self.first_call
        chosen = self.kind == what
        if name is not None:
            chosen &= calls.name[first : first + len(chosen)] == name
        places = np.flatnonzero(chosen).astype(np.int32)
        called = self._less(places, calls.end, calls.start)
        row: _Row = {"call_count": len(places), "call_ns": _sum(called)}
        row["call_p50_ns"], row["call_max_ns"] = _quantiles(called, 50, 100)
        delay = self._less(places, None, calls.start)
        row["launch_delay_sum_ns"] = _sum(delay)
        is_negative = int((delay < 0).sum())
        quantiles = _quantiles(delay, 0, 50, 99, 100)
        row |= {
            f"launch_delay_{what}_ns": ns
            for what, ns in zip(("min", "p50", "p99", "max"), quantiles, strict=True)
        }
        row["negative_launch_delay_count"] = is_negative
        queued = self._less(places, None, calls.end)
        row["queue_delay_sum_ns"] = _sum(queued)
        row["negative_queue_delay_count"] = int((queued < 0).sum())
        return row

    def _less(self, places: At, later: Times | None, earlier: Times) -> Times:
        """From one time of these calls to another; `later` is by default when their event starts."""
        values = np.empty(len(places), np.int64)
        done = 0
        for block in self.events.scratch.blocks(places):
            called = block + self.first_call
            at = self.start[block] if later is None else later[called]
            values[done : done + len(block)] = at - earlier[called]
            done += len(block)
        return values


def _begun(events: Events, trace_id: int, rows: At, firsts: At) -> _Begun:
    first, count = events.calls.places.first(trace_id), events.calls.places.count(trace_id)
    start, kind = events.scratch.new(count, 0, np.int64), np.full(count, -1, np.int8)
    for some, is_single in ((rows, True), (firsts, False)):
        for block in events.scratch.blocks(some):
            called = block[events.count[events.call[block]] == 1] if is_single else block
            call = events.call[called] - first
            start[call], kind[call] = events.start[called], called >= events.first_copy
    return _Begun(events, first, start, kind)


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
