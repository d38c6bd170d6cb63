"""Decode the text of an event that may be invalid JSON, and keep the spelling of its numbers.

Repairs are tried from the mildest to the boldest, and each repair that was needed is reported.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')
_NOT_JSON = re.compile(
    r'("(?:[^"\\]|\\.)*")|(?<![\w.])([-+]?(?:nan|inf|infinity)|n/a|undefined|none)(?![\w/])',
    re.IGNORECASE | re.DOTALL,
)
_COMMA_TOO_MANY = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_INNER_QUOTE = re.compile(r'(?<![\[{,:\\])(?<![\[{,:] )"(?!\s*[,:}\]])')
_SURROGATE = re.compile("[\ud800-\udfff]")
_DECIMAL = re.compile(r"([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,9}))?", re.ASCII)
_MAX_DIGITS = 4000


class Spelled(str):
    """The spelling of a number."""

    __slots__ = ()


@dataclass(frozen=True)
class Decoded:
    """The values in a piece of text; `values` is None if it can't be decoded.

    `kinds` names what was wrong with it; `is_open` says that only its end is missing.
    """

    values: list[Any] | None
    kinds: frozenset[str] = field(default_factory=frozenset)
    is_open: bool = False


# from the mildest to the boldest; control characters only need a lenient parser
_CHANGES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("control_character", lambda text: text),
    ("bad_escape", lambda text: _ESCAPE.sub(lambda m: m[0] if m[1] else "\\\\", text)),
    ("not_a_number", lambda text: _NOT_JSON.sub(lambda m: m[1] or "null", text)),
)


def decode(piece: bytes) -> Decoded:
    """Decode comma-separated JSON values, repaired as far as needed."""
    text = piece.strip(b"\0").decode("utf-8", "replace")
    kinds = set() if is_utf8(piece) else {"invalid_utf8"}
    found = _decode(text, kinds, strict=True)
    if found.values is not None or found.is_open:
        return found
    # ignored silently, as on the fast path, because nothing is lost
    text = _COMMA_TOO_MANY.sub(lambda m: m[1] or "", text)
    found = _decode(text, kinds, strict=True)
    if found.values is not None:
        return found
    for kind, change in _CHANGES:
        changed = change(text)
        if changed == text and kind != "control_character":
            continue
        lenient = _decode(changed, kinds, strict=False)
        if kind != "control_character" or lenient.values is not None or lenient.is_open:
            kinds.add(kind)
        text = changed
        if lenient.values is not None or lenient.is_open:
            return Decoded(lenient.values, frozenset(kinds), lenient.is_open)
    found = _decode(_INNER_QUOTE.sub(r"\\\"", text), kinds, strict=False)
    return Decoded(found.values, frozenset(kinds | {"unescaped_quote"}))


def encode(value: Any) -> str:
    """JSON text with the original spelling of numbers and without half characters."""
    if isinstance(value, Spelled):
        return str.__str__(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{encode(k)}: {encode(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(encode, value)) + "]"
    text = whole_text(value) if isinstance(value, str) else value
    return json.dumps(text, ensure_ascii=False)


def has_half_characters(text: str) -> bool:
    """Whether a text holds half of a UTF-16 pair."""
    return _SURROGATE.search(text) is not None


def whole_text(text: str) -> str:
    """The text with half characters replaced."""
    return _SURROGATE.sub("\ufffd", text)


def is_utf8(data: bytes) -> bool:
    """Whether bytes are valid UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def nanoseconds(value: object) -> int | None:
    """floor(1000 * value) of a decimal text in microseconds; None if it is invalid or out of range.

    The range is 146 years in both directions, so that a start plus a duration fits in an int64.
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
    if size > 19 or len(digits) > _MAX_DIGITS:
        return None
    signed = int(sign + digits)
    ns = signed * 10**power if power >= 0 else signed // 10**-power
    return ns if abs(ns) < 1 << 62 else None


def _decode(text: str, kinds: set[str], *, strict: bool) -> Decoded:
    """Decode with Python's decoder; add to `kinds` what it accepts but JSON forbids."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            kinds.add("duplicate_key")
        return found

    def constant(_name: str) -> None:
        kinds.add("not_a_number")

    try:
        values = json.loads(
            f"[{text}]",
            object_pairs_hook=pairs,
            parse_constant=constant,
            parse_float=Spelled,
            parse_int=Spelled,
            strict=strict,
        )
    except json.JSONDecodeError as error:
        # the parser accepted our final ']' for something inside the text, so its end is missing
        return Decoded(None, frozenset(kinds), is_open=error.pos > len(text))
    except (ValueError, RecursionError):
        return Decoded(None, frozenset(kinds))
    return Decoded(values, frozenset(kinds))
