"""A trace reader that is obviously right and slow: json and Decimal, one event after the other.

What the fast reader is held against. It knows only the columns that the tests compare.
"""

import json
import math
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any

Row = tuple[str | None, ...]

COLUMNS = (
    "ph",
    "cat",
    "name",
    "pid",
    "tid",
    "start_ns",
    "recorded_dur_ns",
    "external_id",
    "recorded_correlation_id",
    "stream_id",
    "grid",
    "input_dims",
    "memory_bytes",
    "addr",
)
TOP = {"ph", "cat", "name", "pid", "tid", "ts", "dur", "args"}
ARGS = {"External id", "external id", "correlation", "stream", "grid", "Input Dims", "Input dims"}
ARGS |= {"Bytes", "Addr"}
# the profiler writes 0 and 0 where it has no time of these
TIMED_OR_NOT = {"kernel", "Kernel", "gpu_memcpy", "gpu_memset", "Memcpy", "Memset"}
RENAMED = {"external id": "External id", "Input dims": "Input Dims"}
_SIGNED, _UNSIGNED = range(-(1 << 63), 1 << 63), range(1 << 64)


def read_events(text: str) -> list[Row]:
    """The rows of a trace that is JSON, in order, every value as text."""
    return [row for row, _ in read_oddities(text)]


def read_oddities(text: str) -> list[tuple[Row, set[str]]]:
    """The same, each with the anomalies that must be declared of it."""
    twice: dict[int, tuple[object, set[str]]] = {}

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            names = Counter(name for name, _ in items)
            # held as well, so that no other object gets its id
            twice[id(found)] = found, {name for name, count in names.items() if count > 1}
        return found

    trace = json.loads(text, parse_float=Decimal, object_pairs_hook=pairs)
    events = trace if isinstance(trace, list) else trace["traceEvents"]
    found = []
    for event in events:
        kinds = set[str]()
        row = row_of(event, kinds)
        for place, known in ((event, TOP), (event.get("args"), ARGS)):
            if known & twice.get(id(place), (None, set[str]()))[1]:
                kinds.add("duplicate_key")
        found.append((row, kinds))
    return found


def row_of(event: dict[str, Any], kinds: set[str] | None = None) -> Row:
    """The row of one event; `kinds` gains the anomalies that it has."""
    kinds = set() if kinds is None else kinds
    args = event.get("args") or {}
    if not isinstance(args, dict):
        kinds.add("wrong_type")
        args = {}
    today = {RENAMED.get(key, key): value for key, value in args.items()}
    if len(today) < len(args):
        kinds.add("duplicate_key")

    def integer(key: str, allowed: range = _SIGNED) -> str | None:
        return _integer(today.get(key), allowed, kinds)

    external = integer("External id")
    start, duration = _ns(event.get("ts"), kinds), _ns(event.get("dur"), kinds)
    if start == "0" and duration in {None, "0"} and _text(event.get("cat")) in TIMED_OR_NOT:
        start = None
    return (
        _text(event.get("ph")),
        _text(event.get("cat")),
        _text(event.get("name")) or "",
        _text(event.get("pid")),
        _text(event.get("tid")),
        start,
        duration,
        external if external != "0" else None,
        integer("correlation"),
        integer("stream"),
        _json(today.get("grid")),
        _json(today.get("Input Dims")),
        integer("Bytes"),
        integer("Addr", _UNSIGNED),
    )


def _number(value: Any) -> Decimal | None:
    """The number that a JSON number or a numeric text is."""
    if isinstance(value, bool | list | dict):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _ns(value: Any, kinds: set[str]) -> str | None:
    if value is None:
        return None
    number = _number(value)
    # beyond 146 years a start plus a duration may not fit into an int64
    if number is None or abs(number) * 1000 >= 1 << 62:
        kinds.add("wrong_type")
        return None
    return str(math.floor(number * 1000))


def _integer(value: Any, allowed: range, kinds: set[str]) -> str | None:
    if value is None:
        return None
    number = _number(value)
    if number is None or number != math.floor(number):
        kinds.add("wrong_type")
        return None
    if math.floor(number) not in allowed:
        kinds.add("integer_out_of_range")
        return None
    return str(math.floor(number))


def _text(value: Any) -> str | None:
    return json.dumps(value) if isinstance(value, bool) else None if value is None else str(value)


def _json(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
