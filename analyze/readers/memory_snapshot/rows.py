"""Turn the value of a snapshot's pickle into rows: segments, blocks, what the allocator did, and stacks.

torch.cuda.memory._snapshot documents the value. Any part of it may be absent: old snapshots are a bare list
of segments, and one without a history has no device_traces. A part that isn't as documented is left
out and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# sums of as many sizes as a file may hold stay below 2**63
_MOST_SIZE = 1 << 50
_MOST_ADDRESS = (1 << 64) - 1
_MOST_DEVICE = 1 << 16
_MOST_TIME = 1 << 53
_MOST_TEXT = 500
_MOST_FRAMES = 500
# one list may be named many times, so the rows of a small file could be endless
MOST_ROWS = 8_000_000

Row = dict[str, Any]


class NotASnapshotError(Exception):
    """The value isn't a snapshot; the text says why."""


@dataclass
class SnapshotRows:
    """The rows of one snapshot by relation; `odd` counts what was left out, with the first example."""

    segment: list[Row] = field(default_factory=list)
    block: list[Row] = field(default_factory=list)
    entry: list[Row] = field(default_factory=list)
    stack: list[Row] = field(default_factory=list)
    range: list[Row] = field(default_factory=list)
    odd_count: int = 0
    odd_example: str = ""
    part_count: int = 0

    def count(self) -> None:
        """Count one part of the snapshot. Raises NotASnapshotError if there are too many."""
        self.part_count += 1
        if self.part_count > MOST_ROWS:
            raise NotASnapshotError(f"it has more than {MOST_ROWS:,} blocks and entries")

    def leave_out(self, part: Any) -> None:
        """Count a part that isn't as documented; lists in it may be deep, so they aren't printed."""
        self.odd_count += 1
        if not self.odd_example and isinstance(part, dict):
            plain = {key: part[key] for key in part if isinstance(part[key], str | int)}
            self.odd_example = str(plain)[:200] if plain else ""


def snapshot_rows(value: Any) -> SnapshotRows:
    """All rows of a snapshot. Raises NotASnapshotError if the value has no segments."""
    whole = {"segments": value} if isinstance(value, list) else value
    segments = whole.get("segments") if isinstance(whole, dict) else None
    if (
        not isinstance(segments, list)
        or value == []
        or not all(_is_segment(entry) for entry in segments)
    ):
        raise NotASnapshotError("it has no segments")
    rows = SnapshotRows()
    stacks = _Stacks(rows.stack)
    for segment in segments:
        _add_segment(rows, stacks, segment)
    for device_id, trace in enumerate(_list(whole.get("device_traces"))):
        for entry in _list(trace):
            _add_entry(rows, stacks, device_id, entry)
    _add_ranges(rows, _list(whole.get("external_annotations")))
    return rows


def _is_segment(value: Any) -> bool:
    return isinstance(value, dict) and "total_size" in value and "blocks" in value


def _add_segment(rows: SnapshotRows, stacks: _Stacks, segment: Row) -> None:
    address = _whole(segment.get("address"), _MOST_ADDRESS)
    size = _whole(segment["total_size"], _MOST_SIZE)
    device_id = _whole(segment.get("device", 0), _MOST_DEVICE)
    if size is None or device_id is None:
        rows.leave_out(segment)
        return
    rows.count()
    segment_id = len(rows.segment)
    rows.segment.append(
        {
            "segment_id": segment_id,
            "device_id": device_id,
            "addr": address,
            "size_bytes": size,
            "stream_id": _stream(segment.get("stream")),
            "kind": _text(segment.get("segment_type")),
            "is_expandable": segment.get("is_expandable") is True,
        }
    )
    place = address
    for part in _list(segment["blocks"]):
        rows.count()
        block = part if isinstance(part, dict) else {}
        block_bytes = _whole(block.get("size"), _MOST_SIZE)
        state = _text(block.get("state"))
        if block_bytes is None or state is None:
            rows.leave_out(block)
            continue
        # old snapshots list the blocks of a segment in order, without addresses
        here = _whole(block.get("address", place), _MOST_ADDRESS)
        place = None if here is None else here + block_bytes
        rows.block.append(
            {
                "segment_id": segment_id,
                "device_id": device_id,
                "addr": here,
                "size_bytes": block_bytes,
                "requested_bytes": _whole(block.get("requested_size"), _MOST_SIZE),
                "state": state,
                "stack_id": stacks.number(block),
            }
        )


def _add_entry(rows: SnapshotRows, stacks: _Stacks, device_id: int, entry: Any) -> None:
    rows.count()
    entry = entry if isinstance(entry, dict) else {}
    action = _text(entry.get("action"))
    size = _whole(entry.get("size"), _MOST_SIZE)
    time_us = _whole(entry.get("time_us"), _MOST_TIME)
    if action is None or size is None:
        rows.leave_out(entry)
        return
    rows.entry.append(
        {
            "ordinal": len(rows.entry),
            "device_id": device_id,
            "time_us": time_us,
            "action": action,
            "addr": _whole(entry.get("addr"), _MOST_ADDRESS),
            "size_bytes": size,
            "stream_id": _stream(entry.get("stream")),
            "device_free_bytes": _whole(entry.get("device_free"), _MOST_SIZE),
            "stack_id": stacks.number(entry),
        }
    )


def _add_ranges(rows: SnapshotRows, marks: list[Any]) -> None:
    """The ranges of record_function, which a snapshot holds as a start and an end each.

    A range that was open when the recording began or ended has only one of them.
    """
    opened: dict[tuple[int | None, str], list[int]] = {}
    for part in marks:
        rows.count()
        mark = part if isinstance(part, dict) else {}
        name, stage = _text(mark.get("name")), mark.get("stage")
        device_id = _whole(mark.get("device"), _MOST_DEVICE)
        time_us = _whole(mark.get("time_us"), _MOST_TIME)
        if name is None or time_us is None or device_id is None or stage not in ("START", "END"):
            rows.leave_out(mark)
            continue
        starts = opened.setdefault((device_id, name), [])
        if stage == "START":
            starts.append(len(rows.range))
            rows.range.append({"device_id": device_id, "name": name, "start_us": time_us})
        elif starts:
            rows.range[starts.pop()]["end_us"] = time_us
        else:
            rows.range.append({"device_id": device_id, "name": name, "end_us": time_us})


class _Stacks:
    """Numbers for the stacks and tags of blocks and entries; equal ones share a number."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._numbers: dict[tuple[tuple[str, ...], str | None], int] = {}
        # what occurs several times is one object, so its text is made once
        self._known: dict[tuple[tuple[int, ...], str | None], int] = {}
        self._texts: dict[int, str] = {}

    def number(self, holder: Row) -> int | None:
        """The number of the stack and tag of a block or an entry; None if it has neither."""
        frames = holder.get("frames")
        history = _list(holder.get("history"))
        if not frames and history and isinstance(history[0], dict):
            frames = history[0].get("frames")
        frames = _list(frames)[:_MOST_FRAMES]
        tag = _text(holder.get("user_metadata")) or None
        if not frames and tag is None:
            return None
        key = (tuple(map(id, frames)), tag)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = self._new(frames, tag)
        return number

    def _new(self, frames: list[Any], tag: str | None) -> int:
        for frame in frames:
            if id(frame) not in self._texts:
                self._texts[id(frame)] = _frame_text(frame)
        texts = tuple(self._texts[id(frame)] for frame in frames)
        number = self._numbers.setdefault((texts, tag), len(self._rows))
        if number == len(self._rows):
            self._rows.append({"stack_id": number, "frames": texts, "tag": tag})
        return number


def _frame_text(frame: Any) -> str:
    """'model.py(31): forward', as a profiler names Python frames; the name alone for one of C++."""
    frame = frame if isinstance(frame, dict) else {}
    name, file = _text(frame.get("name")) or "unknown", _text(frame.get("filename")) or ""
    line = _whole(frame.get("line"), _MOST_SIZE)
    return f"{file}({line}): {name}" if file.endswith(".py") and line is not None else name


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value[:_MOST_TEXT] if isinstance(value, str) else None


def _whole(value: Any, most: int) -> int | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and 0 <= value <= most else None


def _stream(value: Any) -> int | None:
    """A stream's number, or its address as a signed number."""
    number = _whole(value, _MOST_ADDRESS)
    return number if number is None or number < 1 << 63 else number - (1 << 64)
