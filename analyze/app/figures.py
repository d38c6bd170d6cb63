"""Numbers as the pages show them, as in the report; a dash if one is unknown. static/core.js writes them alike."""

from __future__ import annotations

from genscope.analyze import written


def duration(ns: float | None) -> str:
    """A time in s, ms, µs or ns with three digits."""
    return "–" if ns is None else written.duration(ns)


def percent(frac: float | None) -> str:
    """A share of 1 in percent; a small share isn't shown as zero."""
    return "–" if frac is None else written.percent(frac)


def amount(value: float | None) -> str:
    """A count with thousands separated, or with an SI prefix and a space."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) and abs(value) < 1e7 else written.scaled(value)
