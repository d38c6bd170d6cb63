"""Fill the tables of busy and idle time in one pass over kernels, copies, calls and operators.

The rows equal those of the SQL files of these names. Those sort the edges of every kernel, call and
operator several times; here, each list is put in order once, and a span is two look-ups.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import (
    Asked,
    Columns,
    Rows,
    by_group,
    flags,
    insert,
    places,
    read,
    texts,
)
from genscope.analyze.load.covered import Cover, Times, first_open, spent
from genscope.analyze.load.device_activity import SPAN, all_fit
from genscope.analyze.load.device_gaps import CAUSES, NONE, CauseSums, Gaps, Hosts, gaps_of
from genscope.analyze.load.launch_queues import launch_queues
from genscope.analyze.load.launch_sums import launch_sums
from genscope.analyze.load.step_windows import BASES, Windows, windows_of
from genscope.analyze.readers.arrow_column import numbers

# of a trace of millions of kernels, every byte counts: each column with the type that its values need
_EVENT: Asked = {
    "trace_id": ("trace_id", np.int32),
    "device_id": ("device_id", np.int32),
    "stream_id": ("coalesce(stream_id, 0)", np.int64),
    "no_stream": ("(stream_id IS NULL)::TINYINT", np.int8),
    "start_ns": ("start_ns", np.int64),
    "end_ns": ("end_ns", np.int64),
    "kernel_id": ("coalesce(kernel_id, -1)::INTEGER", np.int32),
    "copy_id": ("coalesce(copy_id, -1)::INTEGER", np.int32),
    "call_id": ("coalesce(call_id, -1)::INTEGER", np.int32),
    "call_start_ns": ("coalesce(call_start_ns, 0)", np.int64),
    "call_end_ns": ("coalesce(call_end_ns, 0)", np.int64),
    "track": ("hash(track)", np.uint64),
}
# what a thread is in, in order, by its layers of host_activity
_HOST_STATES = ((0,), (1,), (2,), (3,), (4, 5))
# the activities of a window in order, each with its layers of device_activity and of host_activity
_ACTIVITIES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "kernel": ((0,), ()),
    "memcpy": ((2, 3, 4), ()),
    "memset": ((5,), ()),
    "communication": ((1,), ()),
    "runtime": ((), (1, 2)),
    "dataloader": ((), (3,)),
    "cpu_op": ((), (4, 6)),
}
_LAUNCHES = ("launch_sum", "later_kernel", "stream_queue", "queue_length")
_SUSPECT_NS = 1_000_000
_NOTHING = np.zeros(0, np.int64)
# gaps at a time: the times of their causes take 80 bytes each
_BLOCK = 1 << 16
_CAUSE_COLUMNS = tuple(f"{cause}_ns" for cause in CAUSES)


def fill_idle_tables(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert the rows of all these tables; false, and no rows, if times are too far apart for it."""
    device = read(con.table("device_activity"), SPAN)
    host = read(con.table("host_activity"), {**SPAN, "track": ("hash(track)", np.uint64)})
    if not (all_fit(device) and all_fit(host)):
        return False
    event = read(con.table("device_event"), _EVENT)
    of_trace = places(event["trace_id"])
    windows = windows_of(con, event, of_trace)
    insert(con, "step_window", [_window(*one) for one in windows.items()])
    moments = {trace_id: _moments(event, rows) for trace_id, rows in of_trace.items()}
    devices: dict[int, list[tuple[int, Gaps]]] = {}
    for rows in by_group(event["trace_id"], event["device_id"]):
        first = rows[0]
        of_devices = devices.setdefault(int(event["trace_id"][first]), [])
        of_devices.append((int(event["device_id"][first]), gaps_of(event, rows)))
    launches = (*launch_sums(con, event, of_trace), *launch_queues(event, of_trace))
    for name, parts in zip(_LAUNCHES, launches, strict=True):
        insert(con, name, parts)
    # millions of rows, no longer needed
    event.clear()
    _fill_idle(con, devices, host, windows)
    devices.clear()
    _fill_step_state(con, (device, host), moments, windows)
    return True


def _moments(event: Columns, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """When kernels start, when their calls do, and when the calls of kernels and copies do; sorted."""
    is_kernel, is_called = event["kernel_id"][rows] != NONE, event["call_id"][rows] != NONE
    start, called = event["start_ns"][rows], event["call_start_ns"][rows]
    return [
        np.sort(moment, kind="stable")
        for moment in (start[is_kernel], called[is_kernel & is_called], called[is_called])
    ]


def _window(trace_id: int, windows: Windows) -> Rows:
    return {
        "trace_id": trace_id,
        "basis": texts(windows.basis, BASES),
        "step": numbers(windows.step, ~windows.has_step),
        "start_ns": windows.start,
        "end_ns": windows.end,
    }


def _fill_idle(
    con: duckdb.DuckDBPyConnection,
    devices: Mapping[int, list[tuple[int, Gaps]]],
    host_activity: Columns,
    windows: Mapping[int, Windows],
) -> None:
    hosts = _hosts(host_activity, devices)
    idle_gap: list[Rows] = []
    step_idle: list[Rows] = []
    for trace_id, of_devices in devices.items():
        for device_id, gaps in of_devices:
            host = hosts.get(trace_id, {})
            found = windows[trace_id]
            sums = CauseSums(gaps, np.append(found.start, found.end))
            for first in range(0, len(gaps.start), _BLOCK):
                block = np.arange(first, min(first + _BLOCK, len(gaps.start)))
                parts = gaps.parts(host, block, gaps.end[block])
                sums.add(block, parts)
                idle_gap.append(_idle_gap(trace_id, device_id, gaps, block, parts))
                # a full block; those of small traces are inserted together
                if len(block) == _BLOCK:
                    insert(con, "idle_gap", idle_gap)
                    idle_gap.clear()
            if len(of_devices) == 1 and len(gaps.start):
                step_idle.append(_step_idle(trace_id, found, gaps, sums, host))
    insert(con, "idle_gap", idle_gap)
    insert(con, "step_idle", step_idle)


def _hosts(activity: Columns, devices: Mapping[int, list[tuple[int, Gaps]]]) -> Mapping[int, Hosts]:
    """The covers of each thread that a device of a trace waited for."""
    of_trace = places(activity["trace_id"])
    hosts: dict[int, dict[int, list[Cover]]] = {}
    for trace_id, found in devices.items():
        launching = np.concatenate([gaps.track[gaps.waits_for_host] for _, gaps in found])
        rows = of_trace.get(trace_id, _NOTHING)
        hosts[trace_id] = {}
        for track in np.unique(launching):
            of_track = rows[activity["track"][rows] == track]
            layers = (_ranges(activity, of_track, state) for state in _HOST_STATES)
            hosts[trace_id][int(track)] = list(first_open(layers))
    return hosts


def _ranges(
    activity: Columns, rows: NDArray[np.int64], layers: tuple[int, ...]
) -> tuple[Times, Times]:
    """The starts and ends of the ranges of some layers among those rows."""
    layer = activity["layer"][rows]
    chosen = rows[np.isin(layer, layers) if len(layers) > 1 else layer == layers]
    return activity["start_ns"][chosen], activity["end_ns"][chosen]


def _idle_gap(
    trace_id: int,
    device_id: int,
    gaps: Gaps,
    block: NDArray[np.int64],
    parts: NDArray[np.int64],
) -> Rows:
    start = gaps.start[block]
    return {
        "trace_id": trace_id,
        "device_id": device_id,
        "gap_id": block + 1,
        "start_ns": start,
        "gap_ns": gaps.end[block] - start,
        **{
            name: numbers(ids.astype(np.int64), ids == NONE)
            for name, ids in (
                ("kernel_id", gaps.kernel[block]),
                ("copy_id", gaps.copy[block]),
                ("call_id", gaps.call[block]),
            )
        },
        **dict(zip(_CAUSE_COLUMNS, parts.T, strict=True)),
        # of equal causes the first
        "main_cause": texts(parts.argmax(axis=1), CAUSES),
        "is_suspect": flags(parts[:, CAUSES.index("device")] > _SUSPECT_NS),
    }


def _step_idle(trace_id: int, windows: Windows, gaps: Gaps, sums: CauseSums, host: Hosts) -> Rows:
    def upto(at: Times) -> NDArray[np.int64]:
        """ns of each cause, and of those in short gaps, before each moment."""
        last = sums.last(at)
        part = gaps.parts(host, last, np.maximum(at, gaps.start[last]))
        has_begun = (gaps.start[last] <= at)[:, None]
        return np.where(has_begun, sums.before(last) + sums.with_short(last, part), 0)

    is_open = windows.end > windows.start
    idle = windows.summed(upto(windows.end) - upto(windows.start), is_open)
    _, first = np.unique(np.stack([windows.basis, windows.start]), axis=1, return_index=True)
    kept = first[idle[first].any(axis=1)]
    names = (*_CAUSE_COLUMNS, "host_in_short_ns")
    return {
        "trace_id": trace_id,
        "basis": texts(windows.basis[kept], BASES),
        "start_ns": windows.start[kept],
        **dict(zip(names, idle[kept].T, strict=True)),
    }


def _fill_step_state(
    con: duckdb.DuckDBPyConnection,
    activities: tuple[Columns, Columns],
    moments: Mapping[int, list[NDArray[np.int64]]],
    windows: Mapping[int, Windows],
) -> None:
    launching = _launch_calls(con)
    of_trace = [places(activity["trace_id"]) for activity in activities]
    step_state = []
    for trace_id, found in windows.items():
        sources = [
            (activity, rows.get(trace_id, _NOTHING))
            for activity, rows in zip(activities, of_trace, strict=True)
        ]
        layers = (
            _ranges(*source, layers)
            for both in _ACTIVITIES.values()
            for source, layers in zip(sources, both, strict=True)
            if layers
        )
        state = spent(first_open(layers), found.start, found.end)
        kernel, kernel_call, event_call = moments.get(trace_id, [_NOTHING] * 3)
        begun = (kernel, kernel_call, launching.get(trace_id, _NOTHING), event_call)
        counts = np.stack([_begun(moment, found) for moment in begun], axis=1)
        step_state.append(_step_state(trace_id, found, state, counts))
    insert(con, "step_state", step_state)


def _launch_calls(con: duckdb.DuckDBPyConnection) -> dict[int, NDArray[np.int64]]:
    """When the calls that launch kernels or graphs start, sorted, by trace."""
    kinds = con.table("call_kind").filter("kind IN ('launch', 'launch_graph')").set_alias("known")
    calls = con.table("runtime_call").set_alias("call")
    same = "call.trace_id = known.trace_id AND call.name = known.name"
    columns: Asked = {
        "trace_id": ("call.trace_id", np.int32),
        "start_ns": ("call.start_ns", np.int64),
    }
    found = read(calls.join(kinds, same), columns)
    return {
        trace_id: np.sort(found["start_ns"][rows], kind="stable")
        for trace_id, rows in places(found["trace_id"]).items()
    }


def _begun(moments: NDArray[np.int64], windows: Windows) -> NDArray[np.int64]:
    """How many of the moments are in each window."""
    return np.searchsorted(moments, windows.end) - np.searchsorted(moments, windows.start)


def _step_state(
    trace_id: int, windows: Windows, state: NDArray[np.int64], counts: NDArray[np.int64]
) -> Rows:
    state = windows.summed(state, windows.end > windows.start)
    counts = windows.summed(counts, np.ones(len(counts), np.bool_))
    names = ("kernel_count", "launched_kernel_count", "launch_call_count", "event_count")
    return {
        **_window(trace_id, windows),
        **{f"{name}_ns": ns for name, ns in zip(_ACTIVITIES, state.T, strict=True)},
        "other_ns": windows.end - windows.start - state.sum(axis=1),
        **dict(zip(names, counts.T, strict=True)),
    }
