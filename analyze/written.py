"""Numbers as people read them: three digits, and the unit."""

from __future__ import annotations

from math import isfinite


def duration(ns: float, digits: int = 3) -> str:
    """A time in ns, µs, ms or s, with 1 to 999 before the decimal point."""
    for limit, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if abs(ns) >= limit:
            return f"{figures(ns / limit, digits)} {unit}"
    return f"{figures(ns, digits)} ns"


def percent(share: float) -> str:
    """A share of 1 in percent; a small share isn't shown as zero."""
    if 0 < abs(share) < 0.0005:
        return "<0.1 %" if share > 0 else ">-0.1 %"
    return f"{100 * share:.1f} %"


def size(count: float, digits: int = 3) -> str:
    """Bytes in KiB, MiB, GiB."""
    for limit, unit in ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if abs(count) >= limit:
            return f"{figures(count / limit, digits)} {unit}"
    return f"{figures(count, digits)} B"


def scaled(count: float) -> str:
    """A number with a space and an SI prefix: '803 G'."""
    for limit, letter in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(count) >= limit:
            return f"{figures(count / limit)} {letter}"
    return f"{figures(count)} "


def figures(value: float, digits: int = 3) -> str:
    """The value with so many significant digits; a longer whole number keeps all of its digits."""
    if not isfinite(value):
        return str(value)
    whole = abs(value) >= 10 ** (digits - 1) or value == int(value)
    return f"{value:.0f}" if whole else f"{value:.{digits}g}"
