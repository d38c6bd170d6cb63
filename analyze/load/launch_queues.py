"""How many launches waited in each stream, from arrays, as the SQL of stream_queue and queue_length defines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from genscope.analyze.load.columns import Rows, one_value
from genscope.analyze.load.covered import Times, exact_sum
from genscope.analyze.load.launched import Events
from genscope.analyze.load.numbered import At, distinct
from genscope.analyze.load.scratch_arrays import BLOCK, Scratch
from genscope.analyze.native.arrays import take
from genscope.analyze.readers.arrow_column import numbers

_SUMS = ("launch_count", "no_wait_count", "length_integral_ns", "first_ns", "last_ns")
_LENGTHS = ("length", "length_ns", "first_ns")


def launch_queues(events: Events, trace_id: int, rows: At) -> tuple[list[Rows], list[Rows]]:
    """The rows of both tables of a trace; `rows` are the places of its events."""
    queues: list[Rows] = []
    lengths: list[Rows] = []
    for key, stream in events.of_streams(rows):
        start, end = _launches(events, stream)
        if not len(start):
            continue
        sums, count = _waits(events.scratch, start, end)
        start, end = start[:count], end[:count]
        for times in (start, end):
            times.sort(kind="stable")
            events.scratch.release()
        # an event with a time far from all others waits for longer than int64 holds
        queues.append(_rows(trace_id, key, _SUMS, [one_value(value) for value in sums]))
        found = _lengths(start, end)
        if len(found[0]):
            lengths.append(_rows(trace_id, key, _LENGTHS, found))
    return queues, lengths


def _rows(
    trace_id: int,
    stream: tuple[int, int | None],
    names: Sequence[str],
    values: Sequence[Times | pa.Array],
) -> Rows:
    """Columns of a stream."""
    device_id, stream_id = stream
    number = np.full(len(values[0]), stream_id or 0)
    return {
        "trace_id": trace_id,
        "device_id": device_id,
        "stream_id": numbers(number, np.full(len(number), stream_id is None)),
        **dict(zip(names, values, strict=True)),
    }


def _launches(events: Events, stream: At) -> tuple[Times, Times]:
    """When each call began, and its first event on the stream."""
    start, end = (events.scratch.new(len(stream), 0, np.int64) for _ in range(2))
    count = 0
    several = []
    for block in events.scratch.blocks(stream):
        call = take(events.call, block)
        of_call = take(events.count, call)
        single = of_call == 1
        after = count + int(single.sum())
        start[count:after] = take(events.calls.start, call[single])
        end[count:after] = take(events.start, block[single])
        count = after
        several.append(block[of_call > 1])
    if len(shared := np.concatenate(several)):
        calls, place = np.unique(events.call[shared], return_inverse=True)
        first = np.full(len(calls), np.iinfo(np.int64).max)
        np.minimum.at(first, place, events.start[shared])
        after = count + len(calls)
        start[count:after], end[count:after] = events.calls.start[calls], first
        count = after
    return start[:count], end[:count]


def _waits(scratch: Scratch, start: Times, end: Times) -> tuple[tuple[int, ...], int]:
    """The values of _SUMS; those that wait come first in both arrays then, and how many they are."""
    done = wait_ns = 0
    first_ns, last_ns = int(start[0]), int(start[0])
    for at in range(0, len(start), BLOCK):
        begun, ended = start[at : at + BLOCK], end[at : at + BLOCK]
        first_ns = min(first_ns, int(begun.min()))
        last_ns = max(last_ns, int(begun.max()), int(ended.max()))
        waiting = ended > begun
        begun, ended = begun[waiting], ended[waiting]
        wait_ns += exact_sum(ended) - exact_sum(begun)
        after = done + len(begun)
        start[done:after], end[done:after] = begun, ended
        done = after
        scratch.release_some()
    return (len(start), len(start) - done, wait_ns, first_ns, last_ns), done


def _lengths(start: Times, end: Times) -> tuple[Times, Times, Times]:
    """The lengths of the queue, for how long it had each, and since when; both times are sorted."""
    lasting = np.zeros(1, np.int64)
    first = np.full(1, -1, np.int64)
    is_known = np.zeros(1, np.bool_)
    length, since = 0, 0
    for starts, ends in _together(start, end):
        # at one moment, ends come first
        at = np.concatenate([ends, starts])
        order = np.argsort(at, kind="stable")
        at = at[order]
        lengths = length + np.cumsum(np.where(order < len(ends), -1, 1))
        room = int(lengths.max()) + 1 - len(lasting)
        if room > 0:
            lasting, first = np.pad(lasting, (0, room)), np.pad(first, (0, room))
            is_known = np.pad(is_known, (0, room))
        before = np.append(length, lengths[:-1])
        # a sum of floats is exact below 2^53
        ns = np.diff(at, prepend=since if is_known.any() else at[:1])
        for shift, part in ((0, ns & 0xFFFFFF), (24, ns >> 24)):
            summed = np.bincount(before, part, len(lasting)).astype(np.int64)
            lasting += summed << shift
        # the later of equal places stays, and the first moment is the last one written
        moment = np.zeros(len(lasting), np.int64)
        moment[lengths[::-1]] = at[::-1]
        is_new = (np.bincount(lengths, minlength=len(lasting)) > 0) & ~is_known
        first[is_new] = moment[is_new]
        is_known |= is_new
        length, since = int(lengths[-1]), int(at[-1])
    known = np.flatnonzero(is_known)
    return known, lasting[known], first[known]


def _together(start: Times, end: Times) -> Iterator[tuple[Times, Times]]:
    """Parts of both times, the same stretch of time in each."""
    edges = distinct(np.append(start[BLOCK::BLOCK], end[BLOCK::BLOCK]))
    parts = [np.split(times, np.searchsorted(times, edges)) for times in (start, end)]
    for starts, ends in zip(*parts, strict=True):
        if len(starts) or len(ends):
            yield starts, ends
