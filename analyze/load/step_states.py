"""What the host and the devices did in each window, from arrays in order of time, as step_state's SQL defines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows
from genscope.analyze.load.covered import Times, first_open, spent
from genscope.analyze.load.host_activity import Hosts, among
from genscope.analyze.load.launched import Events
from genscope.analyze.load.numbered import At, distinct
from genscope.analyze.load.step_windows import Windows, window_rows
from genscope.analyze.load.sweep import Sweep, stretches
from genscope.analyze.native.arrays import take

# the activities of a window in order; those of devices, or of host threads, by their layers
_ACTIVITIES: dict[str, tuple[str, tuple[int, ...]]] = {
    "kernel": ("device", (0,)),
    "memcpy": ("device", (2, 3, 4)),
    "memset": ("device", (5,)),
    "communication": ("device", (1,)),
    "runtime": ("call", ()),
    "dataloader": ("host", (3,)),
    "cpu_op": ("host", (4, 6)),
}
_COUNTS = ("kernel_count", "launched_kernel_count", "launch_call_count", "event_count")


def step_state(
    hosts: Hosts, events: Events, trace_id: int, devices: Mapping[int, At], windows: Windows
) -> Rows:
    """The rows of a trace; `devices` are the events of each in order of time."""
    state = np.zeros((len(windows.start), len(_ACTIVITIES)), np.int64)
    sweeps = [Sweep(events.scratch, events.start, events.end, rows) for rows in devices.values()]
    for since, until, (called, ranges, *rows) in stretches([*hosts.sweeps(trace_id), *sweeps]):
        device = np.concatenate([called[:0], *rows])
        within = (np.clip(times, since, until) for times in (windows.start, windows.end))
        state += spent(first_open(_layers(hosts, events, device, called, ranges)), *within)
        events.scratch.release_some()
    counts = _counts(hosts, events, trace_id, devices, windows)
    return {
        **window_rows(trace_id, windows),
        **{f"{name}_ns": ns for name, ns in zip(_ACTIVITIES, state.T, strict=True)},
        "other_ns": windows.end - windows.start - state.sum(axis=1),
        **dict(zip(_COUNTS, counts.T, strict=True)),
    }


def _layers(
    hosts: Hosts, events: Events, device: At, called: At, ranges: At
) -> Iterator[tuple[Times, Times]]:
    """Starts and ends of each activity, among those that are open in a stretch of time."""
    layer = take(events.layer, device)
    for where, layers in _ACTIVITIES.values():
        if where == "call":
            yield take(hosts.calls.start, called), take(hosts.calls.end, called)
        elif where == "host":
            yield hosts.of_layers(ranges, *layers)
        else:
            chosen = device[among(layer, layers)]
            yield take(events.start, chosen), take(events.end, chosen)


def _counts(
    hosts: Hosts, events: Events, trace_id: int, devices: Mapping[int, At], windows: Windows
) -> NDArray[np.int64]:
    """How many kernels start in each window, calls of theirs, launching calls, calls of all events."""
    calls = events.calls
    bounds = distinct(np.append(windows.start, windows.end))
    # how many there are before each bound
    before = np.zeros((len(bounds), len(_COUNTS)), np.int64)

    def add(kind: int, moments: Times) -> None:
        before[:, kind] += np.searchsorted(np.sort(moments), bounds)

    for rows in devices.values():
        for block in events.scratch.blocks(rows):
            is_kernel, call = block < events.first_copy, take(events.call, block)
            is_called = call != calls.places.none
            add(0, take(events.start, block[is_kernel]))
            add(1, take(calls.start, call[is_kernel & is_called]))
            add(3, take(calls.start, call[is_called]))
    for block in events.scratch.blocks(calls.rows(trace_id)):
        add(2, take(calls.start, block[take(hosts.launches, take(calls.name, block))]))
    at_start, at_end = (np.searchsorted(bounds, at) for at in (windows.start, windows.end))
    found: NDArray[np.int64] = before[at_end] - before[at_start]
    return found
