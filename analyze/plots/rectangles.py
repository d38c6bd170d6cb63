"""The rectangles of bars, whose parts stand side by side."""

from __future__ import annotations

from typing import Any

from genscope.analyze.plots.theme import plain

# left, top, right, bottom, the row's label and the value
Rectangle = tuple[float, float, float, float, str, float]


def rectangles(
    sums: Any, labels: list[str], parts: list[str], *, split: bool
) -> dict[str, list[Rectangle]]:
    """The rectangles of each part, side by side from zero; `sums` are the values by label, and by part if `split`."""
    edge = {(name, sign): 0.0 for name in labels for sign in (True, False)}
    found: dict[str, list[Rectangle]] = {}
    for part in parts:
        for row, name in enumerate(labels):
            value = float(sums.get((name, part) if split else name, 0))
            if value == 0 or value != value:  # noqa: PLR0124
                continue
            start = edge[name, value > 0]
            edge[name, value > 0] = start + value
            left, right = sorted((start, start + value))
            found.setdefault(part, []).append(
                (left, row - 0.4, right, row + 0.4, plain(str(name)), value)
            )
    return found
