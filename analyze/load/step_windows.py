"""The windows that each trace is divided into, from arrays; queries/idle/step_window.sql defines them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Columns
from genscope.analyze.load.covered import Times

HOST, DEVICE = 0, 1
BASES = ("host", "device")


@dataclass(frozen=True)
class Windows:
    """The windows of one trace, int64[n] each: HOST or DEVICE, the step's number (or none), the times."""

    basis: NDArray[np.int64]
    step: NDArray[np.int64]
    has_step: NDArray[np.bool_]
    start: Times
    end: Times

    def summed(self, values: NDArray[np.int64], rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The values of those windows, int64[n, ...], added up over windows of one basis and start."""
        keys = np.stack([self.basis, self.start], axis=1)
        _, place = np.unique(keys, axis=0, return_inverse=True)
        sums = np.zeros_like(values)
        np.add.at(sums, place.ravel()[rows], values[rows])
        return sums[place.ravel()]


def windows_of(
    con: duckdb.DuckDBPyConnection, event: Columns, of_trace: Mapping[int, NDArray[np.int64]]
) -> dict[int, Windows]:
    """The windows by trace_id; `of_trace` has the places of each trace's rows in `event`."""
    ranges = con.table("annotation").filter("kind = 'profiler_step'")
    step = "try_cast(split_part(name, '#', 2) AS BIGINT)"
    asked = ranges.project(f"trace_id, {step} AS step, start_ns, start_ns + dur_ns AS end_ns")
    steps: dict[int, list[tuple[int | None, int, int]]] = {}
    for trace_id, *found in asked.order("trace_id, start_ns").fetchall():
        steps.setdefault(trace_id, []).append((found[0], found[1], found[2]))
    nothing = np.zeros(0, np.int64)
    windows = {
        trace_id: _of_steps(rows, event, of_trace.get(trace_id, nothing))
        for trace_id, rows in steps.items()
    }
    for trace_id, (start, end) in _extents(con, event, of_trace).items():
        if trace_id not in windows:
            one = np.array([start], np.int64), np.array([end], np.int64)
            windows[trace_id] = Windows(np.array([HOST]), np.array([0]), np.array([False]), *one)
    return windows


def _of_steps(
    steps: list[tuple[int | None, int, int]], event: Columns, rows: NDArray[np.int64]
) -> Windows:
    """The steps on the host, and on the device if the trace has work on one."""
    number = np.array([step or 0 for step, _, _ in steps], np.int64)
    known = np.array([step is not None for step, _, _ in steps])
    start, end = (np.array([step[i] for step in steps], np.int64) for i in (1, 2))
    if not len(rows):
        return Windows(np.full(len(steps), HOST), number, known, start, end)
    # the work whose call starts in a step
    rows = rows[event["call_id"][rows] >= 0]
    called = event["call_start_ns"][rows]
    place = np.searchsorted(start, called, side="right") - 1
    within = (place >= 0) & (called < end[place])
    work_end = end.copy()
    np.maximum.at(work_end, place[within], event["end_ns"][rows][within])
    reached = np.maximum.accumulate(work_end)
    device_start = start.copy()
    device_start[1:] = np.maximum(start[1:], reached[:-1])
    return Windows(
        basis=np.repeat([HOST, DEVICE], len(steps)),
        step=np.tile(number, 2),
        has_step=np.tile(known, 2),
        start=np.append(start, device_start),
        end=np.append(end, reached),
    )


def _extents(
    con: duckdb.DuckDBPyConnection, event: Columns, of_trace: Mapping[int, NDArray[np.int64]]
) -> dict[int, tuple[int, int]]:
    """The first start and the last end of calls, operators and device work, by trace."""
    found = [
        (trace_id, int(event["start_ns"][rows].min()), int(event["end_ns"][rows].max()))
        for trace_id, rows in of_trace.items()
    ]
    for table in ("runtime_call", "cpu_op"):
        spans = con.table(table).aggregate("trace_id, min(start_ns), max(start_ns + dur_ns)")
        found += spans.fetchall()
    extents: dict[int, tuple[int, int]] = {}
    for trace_id, start, end in found:
        first, last = extents.get(trace_id, (start, end))
        extents[trace_id] = min(first, start), max(last, end)
    return extents
