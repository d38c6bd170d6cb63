"""Read events one by one from text that is not valid JSON, and report what was wrong with each.

This is the slow path, for chunks that the fast path refused. Only events with a fault can get lost, and
every repair is counted. To decode and spell an event takes 200 times as long as to scan it, so those that
are JSON can be left to the scan.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from genscope.analyze.readers.kineto.columns import ARGS, RENAMED
from genscope.analyze.readers.kineto.decode import (
    Decoded,
    Spelled,
    decode,
    encode,
    has_half_characters,
    nanoseconds,
)
from genscope.analyze.readers.kineto.scan import INTEGER, UNSIGNED

# characters that may surround an event
AROUND = b" \t\r\n\0,"
_EXAMPLE_CHARACTERS = 160
# kernels and copies: without one of them the device's idle time is unknown
_WORK = ("kernel", "Kernel", "gpu_memcpy", "gpu_memset", "Memcpy", "Memset")
# a nested list can look like an event boundary; rejoin up to this many pieces
_JOINS = 16
_USUAL_BYTES = 1 << 16
_VALUES = msgspec.json.Decoder(list[msgspec.Raw])
_DECODER = json.JSONDecoder(parse_float=Spelled, parse_int=Spelled)
# the integers that fit in a column, by how it is read
RANGES = {INTEGER: range(-(1 << 63), 1 << 63), UNSIGNED: range(1 << 64)}

_KEYS = rb'(?:ph|name|cat|pid|tid|ts|dur|id|bp|s|args)"\s*:'
_BETWEEN = re.compile(rb'\}\s*(,?)\s*(?=\{\s*"' + _KEYS + rb")")
_START = re.compile(rb'\{\s*"' + _KEYS)


@dataclass(frozen=True)
class Fault:
    """One fault: its kind, its offset in the uncompressed text, and the text there."""

    kind: str
    offset: int
    example: str


@dataclass(frozen=True)
class Piece:
    """The text of an event, and its offset in the trace; one that `is_checked` has values of the right types."""

    offset: int
    text: bytes
    is_checked: bool = True


@dataclass
class Repaired:
    """Events, and the faults; `skipped` counts events that were dropped."""

    pieces: list[Piece] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    repaired: int = 0
    skipped: int = 0


def repair_events(
    text: bytes, offset: int, *, at_cut: bool = False, trusted: bool = False
) -> Repaired:
    """Read every event of `text`, which begins at byte `offset` of the uncompressed trace.

    `at_cut` says that the trace is cut off here, so a broken last event is not another fault. If the
    text is `trusted`, what is JSON is kept as it is, unchecked: it may hold any values, or several events.
    """
    result = Repaired()
    edges = edges_of(text)
    first = 0
    while first < len(edges) - 1:
        if trusted:
            raw = text[edges[first] : edges[first + 1]].strip(AROUND)
            if _is_json(raw):
                result.pieces.append(Piece(offset + edges[first], raw, is_checked=False))
                first += 1
                continue
        last, found = _read(text, edges, first)
        raw = text[edges[first] : edges[last]].strip(AROUND)
        start = offset + edges[first]
        if found.values is not None:
            _keep(found.values, found.kinds, raw, start, result)
        elif raw:
            is_end = at_cut and last == len(edges) - 1
            kind = "cut_event" if is_end else "unreadable_event"
            result.skipped += 1
            result.faults.append(Fault(kind, start, example_of(raw)))
            last = _salvage(text, edges, first, offset, result)
        first = last
    return result


def edges_of(text: bytes) -> list[int]:
    """Where events seem to begin, without parsing them, and the end of the text."""
    return [0, *(match.end(1) for match in _BETWEEN.finditer(text)), len(text)]


def example_of(piece: bytes) -> str:
    """The beginning of a text, on one line."""
    text = " ".join(piece[: 4 * _EXAMPLE_CHARACTERS].decode("utf-8", "replace").split())
    return "".join(c if c.isprintable() else "\ufffd" for c in text)[:_EXAMPLE_CHARACTERS]


def _is_json(raw: bytes) -> bool:
    """Whether a text is a list of JSON values without its brackets, and not empty."""
    try:
        return bool(_VALUES.decode(b"[" + raw + b"]"))
    except (msgspec.DecodeError, RecursionError):
        return False


def _read(text: bytes, edges: list[int], first: int) -> tuple[int, Decoded]:
    """Decode the piece that begins at an edge, joined with the next ones if only its end is missing."""
    farthest = min(first + 1 + _JOINS, len(edges) - 1)
    for last in range(first + 1, farthest + 1):
        found = decode(text[edges[first] : edges[last]].strip(AROUND))
        if found.values is not None or not found.is_open:
            return (last, found) if found.values is not None else (first + 1, found)
    return first + 1, Decoded(None)


def _salvage(text: bytes, edges: list[int], first: int, offset: int, result: Repaired) -> int:
    """Keep whole events before and after a broken one; return the edge to continue from."""
    last, at = first + 1, edges[first]
    while match := _START.search(text, at, edges[last]):
        farthest = edges[min(last + _JOINS, len(edges) - 1)]
        raw = _event(text[match.start() : farthest])
        at = match.start() + max(len(raw), 1)
        if raw:
            found = decode(raw)
            _keep(found.values or [], found.kinds, raw, offset + match.start(), result)
            last = next(i for i in range(last, len(edges)) if edges[i] >= at)
    return last


def _event(text: bytes) -> bytes:
    """The event at the beginning of `text`; empty if there is none, or only a part of one."""
    for size in (_USUAL_BYTES, len(text)):
        rest = text[:size].decode("utf-8", "surrogateescape")
        try:
            event, end = _DECODER.raw_decode(rest)
        except (ValueError, RecursionError):
            continue
        # a nested object of a broken event is not an event
        is_event = "ph" in event and ("ts" in event or event["ph"] == "M")
        return rest[:end].encode("utf-8", "surrogateescape") if is_event else b""
    return b""


def _keep(
    events: list[Any], kinds: Iterable[str], raw: bytes, offset: int, result: Repaired
) -> None:
    for event in events:
        found = set(kinds)
        clean = _clean(event, found) if isinstance(event, dict) else None
        if clean is None:
            found.add("no_timestamp" if isinstance(event, dict) else "not_an_event")
            is_work = isinstance(event, dict) and event.get("cat") in _WORK
            found.update({"untimed_work"} if is_work else ())
            result.skipped += 1
        else:
            result.repaired += bool(found)
            result.pieces.append(Piece(offset, encode(clean).encode()))
        result.faults.extend(Fault(kind, offset, example_of(raw)) for kind in sorted(found))


def _clean(event: dict[str, Any], kinds: set[str]) -> dict[str, Any] | None:
    """The event with values that fit the typed columns; None if it has no timestamp."""
    if has_half_characters(json.dumps(event, ensure_ascii=False)):
        kinds.add("lone_surrogate")  # encode() replaces it
    clean = {key: _scalar(key, value, kinds) for key, value in event.items() if key != "args"}
    for key in ("ts", "dur"):
        if clean.get(key) is None:
            clean.pop(key, None)
            continue
        value = clean.pop(key)
        ns = nanoseconds(value) if isinstance(value, str) else None
        if ns is None:
            kinds.add("wrong_type")
        else:
            clean[key] = _microseconds(ns)
    if event.get("ph") == "X" and "ts" not in clean:
        return None
    args = event.get("args")
    if isinstance(args, dict):
        today = {str(RENAMED.get(key, key)): value for key, value in args.items()}
        kinds.update({"duplicate_key"} if len(today) < len(args) else ())
        clean["args"] = {key: _argument(key, value, kinds) for key, value in today.items()}
    elif args is not None:
        kinds.add("wrong_type")
    return clean


def _scalar(key: str, value: Any, kinds: set[str]) -> Any:
    if isinstance(value, dict | list) and key in ("ph", "cat", "name", "pid", "tid", "ts", "dur"):
        kinds.add("wrong_type")
        return None
    return value


def _argument(key: str, value: Any, kinds: set[str]) -> Any:
    allowed = RANGES.get(ARGS.get(key, -1))
    if value is None or allowed is None:
        return value
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        kinds.add("wrong_type")
        return None
    if number.adjusted() > 20 or int(number) not in allowed:
        kinds.add("integer_out_of_range")
        return None
    if number != int(number):
        kinds.add("wrong_type")
        return None
    return int(number)


def _microseconds(ns: int) -> Spelled:
    whole, rest = divmod(abs(ns), 1000)
    return Spelled(f"{'-' * (ns < 0)}{whole}.{rest:03d}")
