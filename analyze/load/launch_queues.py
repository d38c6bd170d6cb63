"""How many launches waited in each stream, from arrays, as the SQL of stream_queue and queue_length defines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Columns, Rows, firsts
from genscope.analyze.load.covered import Times
from genscope.analyze.load.device_activity import exact_sum
from genscope.analyze.load.device_gaps import NONE
from genscope.analyze.readers.arrow_column import numbers

_SUMS = ("launch_count", "no_wait_count", "length_integral_ns", "first_ns", "last_ns")
_LENGTHS = ("length", "length_ns", "first_ns")


def launch_queues(
    event: Columns, of_trace: Mapping[int, NDArray[np.int64]]
) -> tuple[list[Rows], list[Rows]]:
    """The rows of both tables; `event` holds columns of device_event, `of_trace` the places of each trace."""
    queues: list[Rows] = []
    lengths: list[Rows] = []
    for trace_id, rows in of_trace.items():
        linked = rows[event["call_id"][rows] != NONE]
        event_count = np.bincount(event["call_id"][linked], minlength=1)
        for stream in _streams(event, linked):
            start, end = _launches(event, stream, event_count)
            sums = (
                len(start),
                (end <= start).sum(),
                exact_sum(np.maximum(end - start, 0)),
                start.min(),
                np.maximum(start, end).max(),
            )
            queues.append(_rows(trace_id, event, stream[0], _SUMS, [np.array([v]) for v in sums]))
            found = _lengths(start[end > start], end[end > start])
            if len(found[0]):
                lengths.append(_rows(trace_id, event, stream[0], _LENGTHS, found))
    return queues, lengths


def _rows(
    trace_id: int, event: Columns, at: int, names: Sequence[str], values: Sequence[Times]
) -> Rows:
    """Columns of a stream, that of the event at a place."""
    stream = np.full(len(values[0]), at)
    return {
        "trace_id": trace_id,
        "device_id": int(event["device_id"][at]),
        "stream_id": numbers(event["stream_id"][stream], event["no_stream"][stream] != 0),
        **dict(zip(names, values, strict=True)),
    }


def _streams(event: Columns, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The places of the events of each stream."""
    number = np.zeros(len(rows), np.int64)
    for name in ("device_id", "stream_id", "no_stream"):
        values = event[name][rows]
        # mostly equal ones are in a row, and few are faster to sort
        first = np.flatnonzero(np.diff(values, prepend=values[:1] - 1))
        known, found = np.unique(values[first], return_inverse=True)
        number = number * len(known) + np.repeat(found, np.diff(np.append(first, len(rows))))
    # small numbers are sorted in a tenth of the time
    is_small = number.max(initial=0) < 1 << 16
    order = np.argsort(number.astype(np.uint16) if is_small else number, kind="stable")
    changes = np.flatnonzero(np.diff(number[order])) + 1
    yield from (part for part in np.split(rows[order], changes) if len(part))


def _launches(
    event: Columns, stream: NDArray[np.int64], event_count: NDArray[np.int64]
) -> tuple[Times, Times]:
    """When each call began, and its first event on the stream."""
    call, start = event["call_id"][stream], event["start_ns"][stream]
    is_first = firsts(call, event_count[call], start)
    return event["call_start_ns"][stream][is_first], start[is_first]


def _lengths(start: Times, end: Times) -> tuple[Times, Times, Times]:
    """The lengths of the queue, for how long it had each, and since when."""
    at = np.concatenate([np.sort(end, kind="stable"), np.sort(start, kind="stable")])
    # at one moment, ends come first
    order = np.argsort(at, kind="stable")
    at = at[order]
    length = np.cumsum(np.where(order < len(end), -1, 1))
    lasting = np.diff(at, append=at[-1:])
    # the later of equal places stays, and the first moment is the last one written
    first = np.zeros(length.max(initial=0) + 1, np.int64)
    first[length[::-1]] = at[::-1]
    # a sum of floats is exact below 2^53
    low, high = (np.bincount(length, part) for part in (lasting & 0xFFFFFF, lasting >> 24))
    known = np.flatnonzero(np.bincount(length))
    total = (high[known].astype(np.int64) << 24) + low[known].astype(np.int64)
    return known, total, first[known]
