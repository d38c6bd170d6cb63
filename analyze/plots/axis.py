"""Where the ticks of an axis are, and where it ends."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import Any

from genscope.analyze.plots.theme import number

_MAX_WHOLE_TICKS = 10


def ticks(values: Any, log: bool) -> list[tuple[float, str]]:
    """A few ticks for a log axis: the values themselves if they are few, else powers of ten.

    A backend's own ticks leave most of a decade empty, or overlap. On other axes they are good, but
    between neighbouring whole numbers they are fractions.
    """
    found = sorted({float(value) for value in values.dropna() if value > 0 or not log})
    whole = not any(value % 1 for value in found)
    if not found or not log:
        few = whole and len(found) > 1 and found[-1] - found[0] < _MAX_WHOLE_TICKS
        return [(at, f"{at:g}") for at in range(int(found[0]), int(found[-1]) + 1)] if few else []
    least, most = found[0], found[-1]
    if len(found) > 8 or not whole:
        low, high = floor(log10(found[0])), ceil(log10(found[-1]))
        span = log10(found[-1] / found[0])
        heads = (1,) if high - low > 2 else (1, 2, 5) if span > 0.7 else (1, 1.5, 2, 3, 4, 5, 7)
        found = [head * 10.0**power for power in range(low, high + 1) for head in heads]
        found = [value for value in found if not whole or not value % 1]
    kept: list[float] = []
    for value in found:
        if not kept or value / kept[-1] > 1.3:
            kept.append(value)
    if not any(least <= value <= most for value in kept):
        kept = [least]
    return [(value, number(value)) for value in kept]


def limits(values: Any, log: bool) -> tuple[float, float] | None:
    """The ends of a log axis with a single value, which HoloViews would pad to below zero; None of any other."""
    least, most = values.min(), values.max()
    return (least / 2, most * 2) if log and 0 < least == most else None
