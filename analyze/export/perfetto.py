"""Write a trace as Chrome JSON that Perfetto opens, with our lanes above it and our facts as arguments.

Perfetto has rules that nobody writes down: a thread 0 loses its name, a thread whose number is its
process's is called the main thread, slices of one thread that overlap partly are dropped, and an arrow
ends at the slice around its time only with "bp": "e".
"""

from __future__ import annotations

import gzip
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from genscope.analyze.export.slices import Window, device_slices, host_slices, work_of
from genscope.analyze.export.track import Slice, layers
from genscope.analyze.whole_file import whole_file
from genscope.errors import UserError

if TYPE_CHECKING:
    from genscope.analyze.study import Study

# Perfetto needs some seconds for so many
MOST_SLICES = 300_000
# larger than any number of a process
_FIRST_THREAD = 1000


@dataclass(frozen=True)
class Exported:
    """How many slices were written, and how many short ones of the host were left out."""

    slice_count: int
    left_out_count: int


def chrome_trace(
    study: Study, trace_id: int, window: Window | None = None, *, most_slices: int = MOST_SLICES
) -> tuple[bytes, Exported]:
    """The Chrome JSON of one trace, or of a part of it, with times from the trace's first event.

    If there are more than `most_slices`, the shortest slices of the host are left out. Raises
    UserError if nothing is left.
    """
    shown = window or Window()
    work = work_of(study, trace_id)
    device = list(device_slices(study, trace_id, work, shown))
    host = list(host_slices(study, trace_id, work, shown))
    room = max(0, most_slices - len(device))
    kept = device + heapq.nlargest(room, host, key=lambda one: one.dur_ns)
    if not kept:
        raise UserError("there is nothing to export here; check --from and --to")
    base_ns = first_ns(study, trace_id)
    lines = list(_events(kept, base_ns))
    head = {"displayTimeUnit": "ns", "otherData": {"base_ns": str(base_ns)}}
    opened = msgspec.json.encode(head)[:-1] + b',"traceEvents":[\n'
    text = opened + b",\n".join(lines) + b"\n]}\n"
    return text, Exported(len(kept), len(device) + len(host) - len(kept))


def write_perfetto(
    study: Study, trace_id: int, out: Path, window: Window, *, most_slices: int = MOST_SLICES
) -> Exported:
    """Write `chrome_trace` to `out`, compressed if it ends in .gz, whole or not at all."""
    text, exported = chrome_trace(study, trace_id, window, most_slices=most_slices)
    with whole_file(out) as part:
        part.write_bytes(gzip.compress(text, 1) if out.name.endswith(".gz") else text)
    return exported


def first_ns(study: Study, trace_id: int) -> int:
    """Start of the trace's first event, in ns from its base: the time 0 of an export."""
    relations = ("kernel", "gpu_copy", "cpu_op", "runtime_call", "annotation")
    starts = [
        study.sql(f"SELECT min(start_ns) FROM {name} WHERE trace_id = {trace_id}").item()
        for name in relations
    ]
    return min((int(start) for start in starts if start is not None), default=0)


def _events(slices: Sequence[Slice], base_ns: int) -> Iterator[bytes]:
    """The events as JSON: the names of all tracks, the slices, the arrows."""
    tracks: dict[tuple[str, str], list[Slice]] = {}
    for one in slices:
        tracks.setdefault((one.process, one.track), []).append(one)
    processes = list(dict.fromkeys(process for process, _ in tracks))
    calls: dict[int, Place] = {}
    ends: list[tuple[int, Place]] = []
    for pid, name in enumerate(processes, start=1):
        yield from _named("process", pid, None, name, pid)
    thread = _FIRST_THREAD
    for (process, track), members in tracks.items():
        pid, first, most = processes.index(process) + 1, thread, 0
        for layer, one in layers(members):
            most = max(most, layer)
            place = Place(pid, first + layer, one.start_ns - base_ns)
            yield place.event(
                "X", one.name, one.category, dur=_microseconds(one.dur_ns), args=one.args
            )
            if one.launch is not None and one.category == "call":
                calls[one.launch] = place
            elif one.launch is not None:
                ends.append((one.launch, place))
        thread = first + most + 1
        for layer in range(most + 1):
            shown = track if layer == 0 else f"{track}, layer {layer + 1}"
            yield from _named("thread", pid, first + layer, shown, first + layer)
    for number, (launch, place) in enumerate(ends, start=1):
        if launch in calls:
            yield calls[launch].event("s", "launch", "launch", id=number)
            yield place.event("f", "launch", "launch", id=number, bp="e")


@dataclass(frozen=True)
class Place:
    """A thread, and a time on it in ns."""

    pid: int
    tid: int
    time_ns: int

    def event(self, phase: str, name: str, category: str, **more: Any) -> bytes:
        """A Chrome trace event here, as JSON."""
        where = {"pid": self.pid, "tid": self.tid, "ts": _microseconds(self.time_ns)}
        return msgspec.json.encode({"ph": phase, "name": name, "cat": category, **where, **more})


def _named(kind: str, pid: int, tid: int | None, name: str, order: int) -> Iterator[bytes]:
    where = {"pid": pid} if tid is None else {"pid": pid, "tid": tid}
    for what, args in (("name", {"name": name}), ("sort_index", {"sort_index": order})):
        yield msgspec.json.encode({"ph": "M", "name": f"{kind}_{what}", **where, "args": args})


def _microseconds(ns: int) -> msgspec.Raw:
    """Chrome's unit with three exact decimals: a float would lose the last digits."""
    sign = "-" if ns < 0 else ""
    return msgspec.Raw(f"{sign}{abs(ns) // 1000}.{abs(ns) % 1000:03d}".encode())
