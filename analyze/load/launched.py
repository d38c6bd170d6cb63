"""Kernels and copies with the calls that launched them, as arrays by their ids.

The rows are those of queries/launch/device_event.sql and queries/idle/device_activity.sql. Tables are read
as they are stored, and meet by ids: joins of millions of rows would take most of the time, and memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.covered import Times
from genscope.analyze.load.numbered import THREAD, At, Codes, Threads, distinct, gathered
from genscope.analyze.load.places import Places, read_batches
from genscope.analyze.load.row_texts import RowTexts
from genscope.analyze.load.scratch_arrays import BLOCK, Scratch
from genscope.analyze.load.sweep import Sweep, by_start, fit
from genscope.analyze.native.arrays import add_at, least_at, put, take

NONE = -1
_NEVER = np.iinfo(np.int64).max
_COPY_LAYER = (
    "CASE WHEN kind = 'memset' THEN 5 WHEN coalesce(kind NOT IN ('HtoD', 'DtoH'), true) THEN 4 "
    "WHEN host_memory = 'pageable' THEN 2 ELSE 3 END"
)
_STREAM = "trace_id, device_id, stream_id"
_SPAN = ("start_ns", "start_ns + dur_ns")


class Calls:
    """Calls by their places: when each starts and ends, its name and its thread."""

    def __init__(self, con: duckdb.DuckDBPyConnection, scratch: Scratch, threads: Threads) -> None:
        self.places = Places(con, "runtime_call_row", "call_id", scratch)
        names = Codes(con, ["runtime_call_text"], "name")
        self.names: list[str] = [row[0] for row in names.rows]
        size = self.places.none + 1
        self.start, self.end = (scratch.new(size, 0, np.int64) for _ in range(2))
        # -1 for an id that no call has
        self.name = scratch.new(size, NONE, np.int32)
        self.track = scratch.new(size, NONE, np.int32)
        texts = RowTexts(con, "runtime_call", ("hash(name)", names.of), (THREAD, threads.of))
        for at, (name, track), (start, end) in texts.read(self.places, *_SPAN):
            put(self.start, at, start)
            put(self.end, at, end)
            put(self.name, at, name)
            put(self.track, at, track)
            scratch.release_some()

    def rows(self, trace_id: int) -> At:
        """The places of the calls of a trace."""
        rows = self.places.rows(trace_id)
        return self.places.scratch.chosen(rows, lambda block: take(self.name, block) != NONE)


class Activity:
    """Kernels by their places, then copies: their times, streams and layers, as of device_activity."""

    def __init__(self, con: duckdb.DuckDBPyConnection, scratch: Scratch) -> None:
        self.scratch = scratch
        self._kernels = Places(con, "kernel_row", "kernel_id", scratch)
        self._copies = Places(con, "gpu_copy", "copy_id", scratch)
        self.first_copy = self._kernels.none + 1
        size = self.first_copy + self._copies.none + 1
        self.start, self.end = (scratch.new(size, 0, np.int64) for _ in range(2))
        # -1 for an id that no event has
        self._stream = scratch.new(size, NONE, np.int32)
        self.layer = scratch.new(size, 0, np.int8)
        codes = Codes(con, ["kernel_row", "gpu_copy"], _STREAM)
        self._streams = codes.rows
        talking = con.table("kernel_category").filter("category = 'communication'")
        named = talking.project("hash(name)").distinct().fetchall()
        hashes = np.array([row[0] for row in named], np.uint64)
        columns = (*_SPAN, f"hash({_STREAM})")

        def is_talking(name: NDArray[Any]) -> At:
            return np.isin(name, hashes).astype(np.int32)

        texts = RowTexts(con, "kernel", ("hash(name)", is_talking))
        for at, (talks,), (start, end, stream) in texts.read(self._kernels, *columns):
            put(self.layer, at, talks)
            self._take(at, start, end, codes.of(stream))
        for place, start, end, stream, layer in self._copies.read(
            "gpu_copy", *columns, _COPY_LAYER
        ):
            at = place + np.int32(self.first_copy)
            self.layer[at] = layer
            self._take(at, start, end, codes.of(stream))

    def _take(self, at: At, start: Times, end: Times, stream: At) -> None:
        put(self.start, at, start)
        put(self.end, at, end)
        put(self._stream, at, stream)
        self.scratch.release_some()

    def fit(self) -> bool:
        """Whether no sum of times can leave int64."""
        return fit(self.scratch, self.start, self.end)

    @property
    def traces(self) -> list[int]:
        """Those with events."""
        return sorted({row[0] for row in self._streams})

    def rows(self, trace_id: int) -> At:
        """The places of the events of a trace."""
        copies = self._copies.rows(trace_id) + np.int32(self.first_copy)
        rows = np.concatenate([self._kernels.rows(trace_id), copies])
        return self.scratch.chosen(rows, lambda block: take(self._stream, block) != NONE)

    def of_devices(self, rows: At) -> dict[int, At]:
        """The places of the events of each device of a trace."""
        devices = np.array([row[1] for row in self._streams], np.int64)
        return {int(devices[code]): part for code, part in self._split(rows, devices)}

    def sweeps(self, rows: At) -> dict[int, list[Sweep]]:
        """Sweeps of the streams of each device of a trace: streams are in order of time as they are."""
        found: dict[int, list[Sweep]] = {}
        for (device_id, _), part in self.of_streams(rows):
            one = Sweep(self.scratch, self.start, self.end, part)
            found.setdefault(device_id, []).append(one)
        return found

    def of_streams(self, rows: At) -> Iterator[tuple[tuple[int, int | None], At]]:
        """Devices and streams of a trace, each with the places of its events."""
        for code, part in self._split(rows, np.arange(len(self._streams))):
            yield self._streams[code][1:], part

    def _split(self, rows: At, key: NDArray[np.int64]) -> Iterator[tuple[int, At]]:
        """The rows by a key of their streams, in its order, each with one of its streams."""
        _, number = np.unique(key, return_inverse=True)
        blocks = self.scratch.blocks(rows)
        for _, part in gathered(
            (block, take(number, take(self._stream, block))) for block in blocks
        ):
            yield int(self._stream[part[0]]), part


class Events(Activity):
    """Kernels and copies with the places of their calls."""

    def __init__(self, con: duckdb.DuckDBPyConnection, scratch: Scratch, calls: Calls) -> None:
        super().__init__(con, scratch)
        self.calls = calls
        self.call = scratch.new(len(self.start), calls.places.none, np.int32)
        # how many events each call has
        self.count = scratch.new(calls.places.none + 1, 0, np.int32)
        for table, column, first, places in (
            ("kernel_launch_row", "kernel_id", 0, self._kernels),
            ("copy_call", "copy_id", self.first_copy, self._copies),
        ):
            linked = con.table(table).filter("call_id IS NOT NULL")
            for trace, number, call in read_batches(linked, "trace_id", column, "call_id"):
                called = calls.places.of(trace, call)
                put(self.call, places.of(trace, number) + np.int32(first), called)
                add_at(self.count, called, 1)
                scratch.release_some()

    def ids(self, trace_id: int, rows: At) -> tuple[NDArray[np.int64], ...]:
        """The kernels, copies and calls of events, -1 for none."""
        is_copy = rows >= self.first_copy
        kernel = rows - self._kernels.first(trace_id)
        copy = rows - self.first_copy - self._copies.first(trace_id)
        call = self.call[rows]
        called = np.where(
            call == self.calls.places.none, NONE, call - self.calls.places.first(trace_id)
        )
        ids = np.where(is_copy, NONE, kernel), np.where(is_copy, copy, NONE), called
        return tuple(one.astype(np.int64) for one in ids)

    def in_order(self, rows: At) -> At:
        """The rows by start; of those at one moment, the one that was called first comes first."""
        rows = by_start(self.scratch, self.start, rows)
        same = []
        for first in range(0, len(rows), BLOCK):
            start = take(self.start, rows[first : first + BLOCK + 1])
            same.append(np.flatnonzero(start[1:] == start[:-1]) + first)
            self.scratch.release_some()
        tied = distinct(np.concatenate([*same, *(at + 1 for at in same)]))
        if len(tied):
            some = rows[tied]
            call = self.call[some]
            called = np.where(call == self.calls.places.none, _NEVER, self.calls.start[call])
            # a kernel before a copy, and then by id
            order = np.lexsort((some, called, self.start[some]))
            rows = rows.copy()
            rows[tied] = some[order]
        self.scratch.release()
        return rows

    def shared(self, rows: At) -> At:
        """Those whose call has several events."""

        def is_shared(block: At) -> NDArray[np.bool_]:
            call = take(self.call, block)
            is_called: NDArray[np.bool_] = call != self.calls.places.none
            found: NDArray[np.bool_] = is_called & (take(self.count, call) > 1)
            return found

        return self.scratch.chosen(rows, is_shared)

    def firsts(self, shared: At) -> At:
        """The first event of each of these calls, which have several."""
        begun = Earliest(self, shared)
        tied = self.scratch.chosen(
            shared, lambda block: take(self.start, block) == begun.of(take(self.call, block))
        )
        call = self.call[tied]
        order = np.lexsort((tied, self.end[tied], call))
        return tied[order[np.flatnonzero(np.diff(call[order], prepend=NONE))]]


class Earliest:
    """When the first of some events of each call starts."""

    def __init__(self, events: Events, rows: At) -> None:
        call = events.call[rows]
        self._from = int(call.min(initial=events.calls.places.none))
        # the last one is for calls without such an event
        self._start = np.full(int(call.max(initial=self._from)) - self._from + 2, _NEVER)
        for block in events.scratch.blocks(rows):
            call = take(events.call, block) - np.int32(self._from)
            least_at(self._start, call, take(events.start, block))

    def of(self, call: At) -> Times:
        """By the places of calls; never for others."""
        last = len(self._start) - 1
        place = call - self._from
        return take(self._start, np.where((place < 0) | (place > last), last, place))
