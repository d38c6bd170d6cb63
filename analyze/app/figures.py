"""Numbers as the pages show them: few digits, with the unit. static/core.js writes them alike."""

from __future__ import annotations

_DURATIONS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"))
_AMOUNTS = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k"))


def duration(ns: float | None) -> str:
    """A time in s, ms, µs or ns with four digits; a dash if it is unknown."""
    if ns is None:
        return "–"
    for limit, unit in _DURATIONS:
        if abs(ns) >= limit:
            return f"{_digits(ns / limit)} {unit}"
    return f"{ns:.0f} ns"


def percent(frac: float | None) -> str:
    """A share of 1 in percent; a small share isn't shown as zero; a dash if it is unknown."""
    if frac is None:
        return "–"
    return "<0.1 %" if 0 < frac < 0.0005 else f"{100 * frac:.1f} %"


def amount(value: float | None) -> str:
    """A count with thousands separated, or with an SI prefix; a dash if it is unknown."""
    if value is None:
        return "–"
    if isinstance(value, int) and abs(value) < 1e7:
        return f"{value:,}"
    for limit, letter in _AMOUNTS:
        if abs(value) >= limit:
            return f"{_digits(value / (1e3 if letter == 'k' else limit))} {letter}"
    return f"{value:.4g} "


def _digits(value: float) -> str:
    """Four significant digits, without an exponent."""
    whole = len(str(int(abs(value))))
    return f"{value:.{max(0, 4 - whole)}f}"
