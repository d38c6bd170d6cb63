"""What each thread was in: waits, calls, ranges that load data and outermost operators, in order of time.

The rows are those of queries/idle/host_activity.sql, read as tables store them and found by time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.covered import Cover, Times, first_open
from genscope.analyze.load.held import Held
from genscope.analyze.load.numbered import THREAD, At, split
from genscope.analyze.load.operators import Operators
from genscope.analyze.load.places import read_batches
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.sweep import Sweep, fit
from genscope.analyze.native.arrays import take

_WAIT, _LOAD, _OUTER, _STEP, _IN_STEP = 0, 3, 4, 5, 6
# of hosts, or of devices
_LAYERS = 7
_LOADS = "starts_with(name, 'enumerate(DataLoader)')"
_NOWHERE = np.zeros(0, np.int32)
# traces, starts, ends, threads and layers
_Part: TypeAlias = tuple[NDArray[Any], Times, Times, At, NDArray[np.int8] | int]
_SPAN = ("start_ns", "start_ns + dur_ns")


class Hosts:
    """Ranges of host threads of all traces; of calls, only the waits are in arrays of their own."""

    def __init__(self, con: duckdb.DuckDBPyConnection, held: Held) -> None:
        self.scratch = scratch = Scratch(con)
        self.calls, self._threads = held.calls(con), held.threads(con)
        kinds = dict(con.table("call_kind").project("name, kind").fetchall())
        # of the calls of each name: whether they allocate or free, and whether they launch
        self._is_memory, self.launches = (
            np.array([kinds.get(name) in asked for name in self.calls.names], np.bool_)
            for asked in (("allocate", "free"), ("launch", "launch_graph"))
        )
        parts = [
            *self._waits(con),
            *self._loads(con),
            *_operators(held.operators(con), _steps(con, held.operators(con))),
        ]
        size = sum(len(part[0]) for part in parts)
        self.start, self.end = (scratch.new(size, 0, np.int64) for _ in range(2))
        self.track, trace = (scratch.new(size, 0, np.int32) for _ in range(2))
        self.layer = scratch.new(size, 0, np.int8)
        done = 0
        for part in parts:
            at = slice(done, done + len(part[0]))
            trace[at], self.start[at], self.end[at], self.track[at], self.layer[at] = part
            done = at.stop
            scratch.release_some()
        self._of_trace = dict(split(np.arange(size, dtype=np.int32), trace))

    def _waits(self, con: duckdb.DuckDBPyConnection) -> Iterator[_Part]:
        waiting = con.table("waiting_call").filter("kind IN ('explicit', 'copy')")
        for trace, number in read_batches(waiting, "trace_id", "call_id"):
            at = self.calls.places.of(trace, number)
            yield trace, self.calls.start[at], self.calls.end[at], self.calls.track[at], _WAIT

    def _loads(self, con: duckdb.DuckDBPyConnection) -> Iterator[_Part]:
        for table, those in (("cpu_op", _LOADS), ("annotation", f"kind = 'user' AND {_LOADS}")):
            found = con.table(table).filter(those)
            for trace, start, end, thread in read_batches(found, "trace_id", *_SPAN, THREAD):
                yield trace, start, end, self._threads.of(thread), _LOAD

    def fit(self) -> bool:
        """Whether no sum of their times can leave int64."""
        return fit(self.scratch, self.start, self.end)

    def sweeps(self, trace_id: int) -> tuple[Sweep, Sweep]:
        """The calls of a trace, and all other ranges."""
        calls = self.calls
        return (
            Sweep(self.scratch, calls.start, calls.end, calls.rows(trace_id)),
            Sweep(self.scratch, self.start, self.end, self._rows(trace_id)),
        )

    def threads(self, trace_id: int) -> dict[int, Thread]:
        """The threads of a trace by their numbers."""
        called = dict(split(rows := self.calls.rows(trace_id), self.calls.track[rows]))
        ranges = dict(split(rows := self._rows(trace_id), self.track[rows]))
        self.scratch.release()
        return {
            track: Thread(self, called.get(track, _NOWHERE), ranges.get(track, _NOWHERE))
            for track in called.keys() | ranges.keys()
        }

    def _rows(self, trace_id: int) -> At:
        return self._of_trace.get(trace_id, _NOWHERE)

    def of_layers(self, rows: At, *layers: int) -> tuple[Times, Times]:
        """The starts and ends of those in some layers."""
        chosen = rows[among(take(self.layer, rows), layers)]
        return take(self.start, chosen), take(self.end, chosen)

    def of_calls(self, rows: At, is_memory: bool) -> tuple[Times, Times]:
        """The starts and ends of the calls that do, or don't, allocate or free."""
        chosen = rows[take(self._is_memory, take(self.calls.name, rows)) == is_memory]
        return take(self.calls.start, chosen), take(self.calls.end, chosen)


class Thread:
    """What one thread was in, stretch by stretch."""

    def __init__(self, hosts: Hosts, called: At, ranges: At) -> None:
        self._hosts = hosts
        self._calls = Sweep(hosts.scratch, hosts.calls.start, hosts.calls.end, called)
        self._ranges = Sweep(hosts.scratch, hosts.start, hosts.end, ranges)

    def restart(self) -> None:
        """Begin again with the first stretch."""
        self._calls.restart()
        self._ranges.restart()

    def skip(self, at: int) -> None:
        """Leave out what is before a moment."""
        self._calls.until(at)
        self._ranges.until(at)

    def until(self, at: int) -> list[Cover]:
        """The covers of its states from the last moment up to this one, as of first_open."""
        hosts = self._hosts
        called, ranges = self._calls.until(at), self._ranges.until(at)
        return list(
            first_open(
                (
                    hosts.of_layers(ranges, _WAIT),
                    hosts.of_calls(called, True),
                    hosts.of_calls(called, False),
                    hosts.of_layers(ranges, _LOAD),
                    hosts.of_layers(ranges, _OUTER, _STEP),
                )
            )
        )


def among(layer: NDArray[np.int8], layers: Sequence[int]) -> NDArray[np.bool_]:
    """Which of the layers of some ranges are among these."""
    is_among = np.zeros(_LAYERS, np.bool_)
    is_among[[*layers]] = True
    return is_among[layer]


def _steps(con: duckdb.DuckDBPyConnection, operators: Operators) -> At:
    """The operators that are steps of the profiler."""
    found = con.table("cpu_op").filter("starts_with(name, 'ProfilerStep#')")
    parts = [operators.places.of(*row) for row in read_batches(found, "trace_id", "op_id")]
    return np.concatenate([_NOWHERE, *parts])


def _operators(operators: Operators, step: At) -> Iterator[_Part]:
    """The outermost operators, and those right below a step of the profiler, block by block."""
    is_step = operators.scratch.new(operators.places.none + 1, False, np.bool_)
    is_step[step] = True
    for part in operators.places.parts():
        outer = operators.depth[part] == 0
        chosen = outer | (take(is_step, operators.parent[part]) & ~is_step[part])
        at = np.flatnonzero(chosen).astype(np.int32) + np.int32(part.start)
        layer = np.where(is_step[at], _STEP, np.where(outer[chosen], _OUTER, _IN_STEP)).astype(
            np.int8
        )
        trace, _ = operators.places.keys(at)
        start, end, track = (take(v, at) for v in (operators.start, operators.end, operators.track))
        yield trace, start, end, track, layer
        operators.scratch.release_some()
