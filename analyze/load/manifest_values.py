"""Check a run folder's manifest: which type of value each key may have.

Anyone may write a manifest. A value of the wrong type is left out and reported, so that every query can
rely on the rest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

# sums of larger steps, bytes or lengths could overflow
_MOST = 2**53
_DEEPEST = 20


def read(path: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """Read a manifest and check it; return None and the reason if it is not a JSON object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"), parse_int=_integer)
    except (ValueError, OSError, RecursionError) as error:
        return None, [_shown(path.name, f"not valid JSON ({error})")]
    if not isinstance(found, dict):
        return None, [_shown(path.name, found)]
    return checked(found)


def _integer(text: str) -> int | float:
    # Python refuses to read an integer of thousands of digits
    return int(text) if len(text) < 40 else math.inf


def checked(manifest: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the manifest without invalid values, and those values as shortened 'key: value' texts.

    A list or table loses only its invalid entries. Keys that genscope doesn't know are kept if a
    database can hold their values.
    """
    kept: dict[str, Any] = {}
    odd: list[str] = []
    for key, value in manifest.items():
        if not _is_text(key):
            odd.append(_shown(key, value))
        elif value is None:
            kept[key] = None
        else:
            known = _KINDS.get(key, _is_storable)
            if isinstance(known, dict):
                kept[key], inner = _checked_table(value, known, key)
                odd += inner
            elif known(value):
                kept[key] = value
            else:
                odd.append(_shown(key, value))
    return kept, odd


def _checked_table(
    value: object, kinds: Mapping[str, Callable[[object], bool]], path: str
) -> tuple[Any, list[str]]:
    """A list or table with its valid entries; '' in `kinds` covers every other key."""
    if isinstance(value, list) and "[]" in kinds:
        good = [entry for entry in value if kinds["[]"](entry)]
        return good, [_shown(path, entry) for entry in value if not kinds["[]"](entry)]
    if not isinstance(value, dict) or "[]" in kinds:
        return None, [_shown(path, value)]
    kept, odd = {}, []
    for key, entry in value.items():
        if entry is None or (_is_text(key) and kinds.get(key, kinds[""])(entry)):
            kept[key] = entry
        else:
            odd.append(_shown(f"{path}.{key}", entry))
    return kept, odd


def _shown(key: str, value: object) -> str:
    """The value as a short text that any database can hold."""
    text = f"{key}: {_plain(value)}"
    text = "".join(sign if sign.isprintable() else "?" for sign in text)
    return text if len(text) <= 80 else text[:79] + "\N{HORIZONTAL ELLIPSIS}"


def _plain(value: object) -> str:
    if isinstance(value, dict | list):
        return f"{type(value).__name__} of {len(value)}"
    # Python refuses to print an integer of thousands of digits
    return repr(value) if not isinstance(value, int) or abs(value) < 10**30 else "a huge number"


def _is_text(value: object) -> bool:
    return (
        isinstance(value, str)
        and "\0" not in value
        and not any("\ud800" <= sign <= "\udfff" for sign in value)
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) < 1e30
    )


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_storable(value: object) -> bool:
    """Whether a JSON column can hold it: finite numbers, valid texts, limited depth."""
    return all(
        entry is None
        or isinstance(entry, bool)
        or (isinstance(entry, int | float) and _is_number(entry))
        or _is_text(entry)
        for entry in _leaves(value, 0)
    )


def _leaves(value: object, depth: int) -> Iterator[object]:
    """Yield every key and every plain value in it, and an object() where it is nested too deep."""
    if depth > _DEEPEST:
        yield object()
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield key
            yield from _leaves(entry, depth + 1)
    elif isinstance(value, list):
        for entry in value:
            yield from _leaves(entry, depth + 1)
    else:
        yield value


def _is_expectation(value: object) -> bool:
    """Whether it can be compared with the trace: a fact and its number, and nothing else of a wrong type."""
    return (
        isinstance(value, dict)
        and _is_storable(value)
        and value.get("fact") is not None
        and value.get("expected") is not None
        and all(
            entry is None or _EXPECTATION.get(key, _is_storable)(entry)
            for key, entry in value.items()
        )
    )


_Kind = Callable[[object], bool]
_EXPECTATION: dict[str, _Kind] = {
    **dict.fromkeys(("fact", "place", "origin"), _is_text),
    **dict.fromkeys(("expected", "tolerance"), _is_number),
}
_COUNTS: dict[str, _Kind] = {"": _is_count}
# key -> check of its value; for a table, checks of its entries ('' for any key, '[]' for a list)
_KINDS: dict[str, _Kind | dict[str, _Kind]] = {
    **dict.fromkeys(
        ("model", "variant", "family", "attention", "profiler", "size", "dtype", "device_name"),
        _is_text,
    ),
    **dict.fromkeys(("device_asked", "command", "host", "unit"), _is_text),
    **dict.fromkeys(("steps_profiled", "steps_full", "parameters_total", "wall_ns"), _is_count),
    **dict.fromkeys(("peak_memory_bytes", "genscope_schema", "parameters_trained"), _is_count),
    **dict.fromkeys(("image_size", "frames", "batch", "prompt_tokens", "samples"), _is_size),
    **dict.fromkeys(("component_steps_full", "component_steps_profiled", "parameters"), _COUNTS),
    **dict.fromkeys(("attention_seen", "attention_labelled", "attention_refused"), _COUNTS),
    "phases_profiled": _COUNTS,
    "predicted": _is_flag,
    "guidance": _is_number,
    "seed": _is_integer,
    "wall_ns_repeats": {"[]": _is_count},
    "expected": {"[]": _is_expectation},
    "versions": {"": _is_text},
    "assumptions": {"[]": _is_text},
    "device": {
        "name": _is_text,
        "memory_bytes": _is_count,
        "sm_count": _is_size,
        "peak_bytes_per_s": _is_number,
        "": _is_storable,
    },
}
