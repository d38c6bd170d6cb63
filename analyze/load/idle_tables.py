"""Fill the tables of busy and idle time in one pass over kernels, copies, calls and operators.

The rows equal those of the SQL files of these names. Those sort the edges of every kernel, call and
operator several times; here, each list is put in order once, and goes by in stretches of time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows, flags, insert, insert_texts, texts
from genscope.analyze.load.device_gaps import CAUSES, CauseSums, Gaps, gaps_of
from genscope.analyze.load.held import Held
from genscope.analyze.load.host_activity import Hosts, Thread
from genscope.analyze.load.launch_queues import launch_queues
from genscope.analyze.load.launch_sums import launch_columns, launch_sums
from genscope.analyze.load.launched import NONE, Earliest, Events
from genscope.analyze.load.narrow import TEXT_ID, text_ids
from genscope.analyze.load.numbered import At, distinct
from genscope.analyze.load.step_states import step_state
from genscope.analyze.load.step_windows import BASES, Windows, window_rows, windows_of
from genscope.analyze.readers.arrow_column import numbers

_SUSPECT_NS = 1_000_000
_CAUSE_COLUMNS = tuple(f"{cause}_ns" for cause in CAUSES)


def fill_idle_tables(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    """Insert the rows of all these tables; false, and no rows, if times are too far apart for it."""
    events, hosts = held.events(con), Hosts(con, held)
    if not (events.fit() and hosts.fit()):
        return False
    windows = windows_of(con, events)
    insert(con, "step_window", [window_rows(*one) for one in windows.items()])
    tables = _Tables()
    insert_texts(con, "idle_gap", "main_cause", sorted(windows), CAUSES)
    insert(con, "idle_gap_row", _traces(tables, (events, hosts), windows))
    tables.insert(con)
    return True


@dataclass(frozen=True)
class _Tables:
    """Rows of all traces: small traces share an insert."""

    _rows: dict[str, list[Rows]] = field(default_factory=dict)
    launches: list[dict[str, Any]] = field(default_factory=list)

    def add(self, table: str, rows: Rows) -> None:
        self._rows.setdefault(table, []).append(rows)

    def insert(self, con: duckdb.DuckDBPyConnection) -> None:
        if self.launches:
            self.add("launch_sum", launch_columns(self.launches))
        for table, rows in self._rows.items():
            insert(con, table, rows)


def _traces(
    tables: _Tables, sources: tuple[Events, Hosts], windows: Mapping[int, Windows]
) -> Iterator[Rows]:
    """Yield the rows of idle_gap, which are many, and add those of the other tables."""
    events, hosts = sources
    for trace_id, found in windows.items():
        rows = events.rows(trace_id)
        _add_launches(tables, events, trace_id, rows)
        devices = {
            device: events.in_order(part) for device, part in events.of_devices(rows).items()
        }
        yield from _idle_gaps(tables, sources, trace_id, devices, found)
        tables.add("step_state", step_state(hosts, events, trace_id, devices, found))


def _add_launches(tables: _Tables, events: Events, trace_id: int, rows: At) -> None:
    """The rows of launch_sum, later_kernel, stream_queue and queue_length."""
    shared = events.shared(rows)
    firsts = events.firsts(shared)
    tables.launches.extend(launch_sums(events, trace_id, rows, firsts))
    later = np.setdiff1d(shared, firsts, assume_unique=True)
    if len(later := later[later < events.first_copy]):
        kernels, _, _ = events.ids(trace_id, later)
        tables.add("later_kernel", {"trace_id": trace_id, "kernel_id": kernels})
    queues, lengths = launch_queues(events, trace_id, rows)
    for table, found in (("stream_queue", queues), ("queue_length", lengths)):
        for part in found:
            tables.add(table, part)


def _idle_gaps(
    tables: _Tables,
    sources: tuple[Events, Hosts],
    trace_id: int,
    devices: Mapping[int, At],
    windows: Windows,
) -> Iterator[Rows]:
    """Yield the rows of idle_gap, and add those of step_idle."""
    events, hosts = sources
    threads = hosts.threads(trace_id) if devices else {}
    for device_id, rows in devices.items():
        for thread in threads.values():
            thread.restart()
        sums = CauseSums(np.append(windows.start, windows.end))
        begun = Earliest(events, events.shared(rows))
        gap_count = 0
        for gaps in gaps_of(events, rows, begun):
            covers = _covers(threads, gaps)
            parts = gaps.parts(covers)
            sums.add(gaps, covers, parts)
            ids = events.ids(trace_id, gaps.ending)
            yield _idle_gap((trace_id, device_id, gap_count), gaps, ids, parts)
            gap_count += len(gaps.start)
        if len(devices) == 1 and gap_count:
            tables.add("step_idle", _step_idle(trace_id, windows, sums))


def _covers(threads: Mapping[int, Thread], gaps: Gaps) -> dict[int, Any]:
    """The covers of each thread that a device waited for in these gaps, which come next."""
    until = int(gaps.end[-1])
    asked = set(distinct(gaps.track[gaps.waits_for_host]).tolist())
    for track, thread in threads.items():
        if track not in asked:
            thread.skip(until)
    return {track: threads[track].until(until) for track in asked}


def _idle_gap(
    place: tuple[int, int, int],
    gaps: Gaps,
    ids: tuple[NDArray[np.int64], ...],
    parts: NDArray[np.int64],
) -> Rows:
    """Rows of gaps of a trace and device, of which so many came before."""
    trace_id, device_id, before = place
    names = ("kernel_id", "copy_id", "call_id")
    return {
        "trace_id": trace_id,
        "device_id": device_id,
        "gap_id": np.arange(before + 1, before + len(gaps.start) + 1),
        "start_ns": gaps.start,
        "gap_ns": gaps.end - gaps.start,
        **{name: numbers(some, some == NONE) for name, some in zip(names, ids, strict=True)},
        **dict(zip(_CAUSE_COLUMNS, parts.T, strict=True)),
        "is_suspect": flags(parts[:, CAUSES.index("device")] > _SUSPECT_NS),
        # of equal causes the first
        TEXT_ID: text_ids(np.int64(trace_id), parts.argmax(axis=1)),
    }


def _step_idle(trace_id: int, windows: Windows, sums: CauseSums) -> Rows:
    upto_start, upto_end = np.split(sums.before, 2)
    idle = upto_end - upto_start
    keys = np.stack([windows.basis, windows.start, windows.end])
    _, first = np.unique(keys, axis=1, return_index=True)
    kept = first[idle[first].any(axis=1)]
    names = (*_CAUSE_COLUMNS, "host_in_short_ns")
    return {
        "trace_id": trace_id,
        "basis": texts(windows.basis[kept], BASES),
        "start_ns": windows.start[kept],
        "end_ns": windows.end[kept],
        **dict(zip(names, idle[kept].T, strict=True)),
    }
