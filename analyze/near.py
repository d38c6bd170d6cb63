"""Suggest names for a mistyped one, as the end of an error message."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_NAMES = 3


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return '; did you mean a or b?' with the closest of `known` first, or '' if none is close."""
    names = {text.lower(): text for text in known}
    # the name may be a glob, or one word of a longer name, perhaps with another ending
    stem = name.lower().strip("*?")
    found = _close(name, names, 0.75)
    found += [text for key, text in names.items() if len(stem) > 2 and stem in key]
    root = stem[:-1]
    found += [text for key, text in names.items() if len(root) > 4 and f"_{root}" in f"_{key}"]
    found += _close(name, names, 0.6)
    found = list(dict.fromkeys(found))[:MAX_NAMES]
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _close(name: str, names: dict[str, str], ratio: float) -> list[str]:
    return [names[match] for match in get_close_matches(name.lower(), names, MAX_NAMES, ratio)]


def few(names: Iterable[str], limit: int = MAX_NAMES) -> str:
    """The first names, and how many more there are."""
    found = list(names)
    shown = ", ".join(found[:limit])
    return shown if len(found) <= limit else f"{shown} and {len(found) - limit} more"


def no_such_trace(pattern: str, names: Iterable[str]) -> str:
    """Say that a glob matches no trace, with the names of those in the study."""
    known = list(names)
    held = f"the study holds {few(known)}" if known else "the study holds no trace"
    return f"no trace matches {pattern!r}; {held}{suggestion(pattern, known)}"
