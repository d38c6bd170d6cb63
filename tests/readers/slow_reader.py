"""A trace reader that is obviously right and slow: json and Decimal, one event after the other.

What the fast reader is held against. It knows only the columns that the tests compare.
"""

import json
import math
from decimal import Decimal
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
    "grid",
    "input_dims",
    "memory_bytes",
)


def read_events(text: str) -> list[Row]:
    """The rows of a trace that is JSON, in order, every value as text."""
    trace = json.loads(text, parse_float=Decimal)
    events = trace if isinstance(trace, list) else trace["traceEvents"]
    return [row_of(event) for event in events]


def row_of(event: dict[str, Any]) -> Row:
    args = event.get("args", {})
    external = args.get("External id", args.get("external id"))
    return (
        event.get("ph"),
        event.get("cat"),
        event.get("name", ""),
        _text(event.get("pid")),
        _text(event.get("tid")),
        _ns(event.get("ts")),
        _ns(event.get("dur")),
        _text(external if external != 0 else None),
        _text(args.get("correlation")),
        _json(args.get("grid")),
        _json(args.get("Input Dims", args.get("Input dims"))),
        _text(args.get("Bytes")),
    )


def _ns(value: Any) -> str | None:
    return None if value is None else str(math.floor(Decimal(value) * 1000))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _json(value: Any) -> str | None:
    return (
        value
        if value is None or isinstance(value, str)
        else json.dumps(value, separators=(",", ":"))
    )
