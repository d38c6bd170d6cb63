"""Read events one by one out of text that is not JSON, and say what was wrong with each.

This is the careful way: slow, and taken only for a chunk that the fast way refused. At most the
events with a fault are lost. Nothing is mended without being counted.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from analyze.readers.kineto_columns import ARGS, RENAMED

EXAMPLE_CHARACTERS = 160
_JOINS = 16
_INT64 = range(-(1 << 63), 1 << 63)
_UINT64 = range(1 << 64)

_KEYS = rb'(?:ph|name|cat|pid|tid|ts|dur|id|bp|s|args)"\s*:'
_BETWEEN = re.compile(rb'\}\s*(,)\s*(?=\{\s*"' + _KEYS + rb")")
_START = re.compile(rb'\{\s*"' + _KEYS)
_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')
_NOT_JSON = re.compile(
    r'("(?:[^"\\]|\\.)*")|(?<![\w.])([-+]?(?:nan|inf|infinity)|n/a|undefined|none)(?![\w/])',
    re.IGNORECASE | re.DOTALL,
)
_INNER_QUOTE = re.compile(r'(?<![\[{,:\\])(?<!\\)"(?!\s*[,:}\]])')
_DECIMAL = re.compile(r"([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,9}))?", re.ASCII)
_MOST_DIGITS = 4000
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Fault:
    """One thing found wrong: its kind, where in the uncompressed text, and what it looks like."""

    kind: str
    offset: int
    example: str


@dataclass
class Mended:
    """Events fit for the fast way, and what it took: `skipped` events are not among them."""

    events: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    repaired: int = 0
    skipped: int = 0


def mend(text: bytes, offset: int, *, at_cut: bool = False) -> Mended:
    """Read every event of `text`, which begins at byte `offset` of the uncompressed trace.

    `at_cut` tells that the trace ends here in the middle, so that a broken last event is no fault
    of its own.
    """
    result = Mended()
    pieces = list(_pieces(text))
    index = 0
    while index < len(pieces):
        start, piece = pieces[index]
        index += 1
        if not piece.strip(b" \t\r\n\0,"):
            continue
        events, kinds = _read_piece(piece)
        joined = 0
        if events is None:
            events, joined = _join(text, pieces, index - 1)
            index += joined
        if events is None:
            last = index == len(pieces)
            _salvage(piece, offset + start, result, "cut_event" if at_cut and last else "")
            continue
        raw = (
            piece if not joined else text[start : pieces[index - 1][0] + len(pieces[index - 1][1])]
        )
        _keep(events, kinds, raw, offset + start, result)
    return result


def nanoseconds(value: object) -> int | None:
    """floor(1000 * value) of a decimal text in microseconds; None if it is none, or out of range.

    In range is what leaves room for a start plus a duration in an int64: 146 years either way.
    """
    match = _DECIMAL.fullmatch(str(value).strip())
    if match is None or not match[2] + match[3]:
        return None
    sign, whole, fraction, exponent = match.groups()
    digits = (whole + fraction).lstrip("0")
    power = int(exponent or 0) - len(fraction) + 3
    size = len(digits) + power
    if not digits or size <= 0:
        return -1 if sign == "-" and digits else 0
    if size > 19 or len(digits) > _MOST_DIGITS:
        return None
    signed = int(sign + digits)
    ns = signed * 10**power if power >= 0 else signed // 10**-power
    return ns if abs(ns) < 1 << 62 else None


def _pieces(text: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    for match in _BETWEEN.finditer(text):
        yield start, text[start : match.start(1)]
        start = match.end(1)
    yield start, text[start:]


class _Text(str):
    """A number, as it was spelled."""

    __slots__ = ()


def _decode(text: str, kinds: set[str], *, strict: bool) -> list[Any] | None:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            kinds.add("duplicate_key")
        return found

    def constant(_name: str) -> None:
        kinds.add("not_a_number")

    try:
        events = json.loads(
            f"[{text}]",
            object_pairs_hook=pairs,
            parse_constant=constant,
            parse_float=_Text,
            parse_int=_Text,
            strict=strict,
        )
    except (ValueError, RecursionError):
        return None
    return events if isinstance(events, list) else None


def _read_piece(piece: bytes) -> tuple[list[Any] | None, set[str]]:
    """The events of a piece of text, mended where needed, and the kinds of fault met."""
    kinds: set[str] = set()
    text = piece.strip(b"\0").decode("utf-8", "replace")
    if "\ufffd" in text and not _is_utf8(piece):
        kinds.add("invalid_utf8")
    events = _decode(text, kinds, strict=True)
    if events is not None:
        return events, kinds
    for kind, change in _CHANGES:
        changed = change(text)
        if changed == text and kind != "control_character":
            continue
        text = changed
        events = _decode(text, kinds, strict=False)
        if events is not None:
            return events, kinds | {kind}
    return None, kinds


# from the mildest to the boldest; control characters need no change, only leniency
_CHANGES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("control_character", lambda text: text),
    ("bad_escape", lambda text: _ESCAPE.sub(lambda m: m[0] if m[1] else "\\\\", text)),
    ("not_a_number", lambda text: _NOT_JSON.sub(lambda m: m[1] or "null", text)),
    ("unescaped_quote", lambda text: _INNER_QUOTE.sub(r"\\\"", text)),
)


def _is_utf8(piece: bytes) -> bool:
    try:
        piece.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _join(text: bytes, pieces: list[tuple[int, bytes]], index: int) -> tuple[list[Any] | None, int]:
    """Events of a piece that was cut inside a nested list, read together with those after it."""
    start = pieces[index][0]
    for more in range(1, min(_JOINS, len(pieces) - index - 1) + 1):
        last, piece = pieces[index + more]
        events = _decode(
            text[start : last + len(piece)].decode("utf-8", "replace"), set(), strict=True
        )
        if events is not None:
            return events, more
    return None, 0


def _salvage(piece: bytes, offset: int, result: Mended, kind: str) -> None:
    """Keep a whole event that begins inside a broken one; count the broken one as skipped."""
    result.skipped += 1
    result.faults.append(Fault(kind or "unreadable_event", offset, _example(piece)))
    for match in _START.finditer(piece, 1):
        kinds: set[str] = set()
        events = _decode(piece[match.start() :].decode("utf-8", "replace"), kinds, strict=True)
        if events is not None:
            _keep(events, kinds, piece[match.start() :], offset + match.start(), result)
            return


def _keep(events: list[Any], kinds: set[str], raw: bytes, offset: int, result: Mended) -> None:
    for event in events:
        found = set(kinds)
        clean = _clean(event, found) if isinstance(event, dict) else None
        if clean is None:
            found.add("not_an_event" if not isinstance(event, dict) else "no_timestamp")
            result.skipped += 1
        elif not found and len(events) == 1:
            result.events.append(raw.strip())
        else:
            result.repaired += bool(found)
            result.events.append(_encode(clean).encode())
        result.faults.extend(Fault(kind, offset, _example(raw)) for kind in sorted(found))


def _clean(event: dict[str, Any], kinds: set[str]) -> dict[str, Any] | None:
    """The event with values that the typed columns take; None if it has no place in time."""
    clean = {key: _scalar(key, value, kinds) for key, value in event.items() if key != "args"}
    for key in ("ts", "dur"):
        if key not in event:
            continue
        ns = nanoseconds(clean.pop(key))
        if ns is not None:
            clean[f"{key}_ns"] = ns
        elif event.get("ph") != "M" and event[key] is not None:
            kinds.add("wrong_type")
    if event.get("ph") == "X" and "ts_ns" not in clean:
        return None
    args = event.get("args")
    if isinstance(args, dict):
        clean["args"] = {key: _argument(key, value, kinds) for key, value in args.items()}
    elif args is not None:
        kinds.add("wrong_type")
    return clean


def _scalar(key: str, value: Any, kinds: set[str]) -> Any:
    if isinstance(value, str) and _SURROGATE.search(value):
        kinds.add("lone_surrogate")
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict | list) and key in ("ph", "cat", "name", "pid", "tid", "ts", "dur"):
        kinds.add("wrong_type")
        return None
    return value


def _argument(key: str, value: Any, kinds: set[str]) -> Any:
    kind = ARGS.get(RENAMED.get(key, key), "")
    value = _scalar(key, value, kinds)
    if value is None or not kind.endswith("BIGINT"):
        return value
    allowed = _UINT64 if kind == "UBIGINT" else _INT64
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        kinds.add("wrong_type")
        return None
    if round(number) not in allowed:
        kinds.add("integer_out_of_range")
        return None
    return value


def _encode(value: Any) -> str:
    """JSON text, numbers spelled as they were."""
    if isinstance(value, _Text):
        return str.__str__(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {_encode(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_encode, value)) + "]"
    if isinstance(value, str):
        return json.dumps(_SURROGATE.sub("\ufffd", value))
    return json.dumps(value)


def _example(piece: bytes) -> str:
    text = " ".join(piece[: 4 * EXAMPLE_CHARACTERS].decode("utf-8", "replace").split())
    return "".join(c if c.isprintable() else "\ufffd" for c in text)[:EXAMPLE_CHARACTERS]
