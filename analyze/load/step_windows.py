"""The windows that each trace is divided into, from arrays; queries/idle/step_window.sql defines them."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows, texts
from genscope.analyze.load.covered import Times
from genscope.analyze.load.launched import Events
from genscope.analyze.load.numbered import distinct
from genscope.analyze.readers.arrow_column import numbers

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


def window_rows(trace_id: int, windows: Windows) -> Rows:
    """The windows of a trace as columns."""
    return {
        "trace_id": trace_id,
        "basis": texts(windows.basis, BASES),
        "step": numbers(windows.step, ~windows.has_step),
        "start_ns": windows.start,
        "end_ns": windows.end,
    }


def windows_of(con: duckdb.DuckDBPyConnection, events: Events) -> dict[int, Windows]:
    """The windows by trace_id."""
    ranges = con.table("annotation").filter("kind = 'profiler_step'")
    step = "try_cast(split_part(name, '#', 2) AS BIGINT)"
    asked = ranges.project(f"trace_id, {step} AS step, start_ns, start_ns + dur_ns AS end_ns")
    steps: dict[int, list[tuple[int | None, int, int]]] = {}
    for trace_id, *found in asked.order("trace_id, start_ns, end_ns, step").fetchall():
        steps.setdefault(trace_id, []).append((found[0], found[1], found[2]))
    windows = {trace_id: _of_steps(rows, events, trace_id) for trace_id, rows in steps.items()}
    traces = {row[0] for row in con.table("trace").project("trace_id").fetchall()}
    if traces and traces <= steps.keys():
        return windows
    for trace_id, (start, end) in _extents(con).items():
        if trace_id not in windows:
            one = np.array([start], np.int64), np.array([end], np.int64)
            windows[trace_id] = Windows(np.array([HOST]), np.array([0]), np.array([False]), *one)
    return windows


def _of_steps(steps: list[tuple[int | None, int, int]], events: Events, trace_id: int) -> Windows:
    """The steps on the host, and on the device if the trace has work on one."""
    number = np.array([step or 0 for step, _, _ in steps], np.int64)
    known = np.array([step is not None for step, _, _ in steps])
    start, end = (np.array([step[i] for step in steps], np.int64) for i in (1, 2))
    rows = events.rows(trace_id)
    if not len(rows):
        return Windows(np.full(len(steps), HOST), number, known, start, end)
    # until when the work lasts whose call starts between two moments; steps of threads can overlap
    moments = distinct(np.append(start, end))
    asked = np.full(len(moments), np.iinfo(np.int64).min)
    for block in events.scratch.blocks(rows):
        call = events.call[block]
        called = events.calls.start[call]
        place = np.searchsorted(moments, called, side="right") - 1
        within = (call != events.calls.places.none) & (place >= 0)
        np.maximum.at(asked, place[within], events.end[block[within]])
    bounds = np.searchsorted(moments, np.stack([start, end], axis=1))
    work_end = np.where(end > start, np.maximum.reduceat(asked, bounds.ravel())[::2], end)
    reached = np.maximum.accumulate(np.maximum(end, work_end))
    device_start = start.copy()
    device_start[1:] = np.maximum(start[1:], reached[:-1])
    return Windows(
        basis=np.repeat([HOST, DEVICE], len(steps)),
        step=np.tile(number, 2),
        has_step=np.tile(known, 2),
        start=np.append(start, device_start),
        end=np.append(end, reached),
    )


def _extents(con: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, int]]:
    """The first start and the last end of calls, operators and device work, by trace."""
    extents: dict[int, tuple[int, int]] = {}
    for table in ("kernel_row", "gpu_copy", "runtime_call_row", "cpu_op_row"):
        spans = con.table(table).aggregate("trace_id, min(start_ns), max(start_ns + dur_ns)")
        for trace_id, start, end in spans.fetchall():
            first, last = extents.get(trace_id, (start, end))
            extents[trace_id] = min(first, start), max(last, end)
    return extents
