"""The charts that plots are made of: bars, ranges, lines and points.

SQL aggregates: a plot gets a small pandas frame, picks columns and calls one of these functions. Each
returns a Chart, which no library has drawn yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genscope.analyze.plots.chart import Axis, Chart, Layer
from genscope.analyze.plots.theme import (
    AXIS_LENGTH,
    BLACK,
    GREY,
    LINE_PIXELS,
    MAX_BARS,
    OKABE_ITO,
    ROW_PIXELS,
    colours,
    fitting,
    legend_names,
    plain,
    ticks,
    title_of,
    wrapped,
)

Rectangle = tuple[float, float, float, float, str, float]


@dataclass(frozen=True)
class Axes:
    """The axis labels, with units, and which axes are logarithmic."""

    x: str
    y: str
    log_x: bool = False
    log_y: bool = False


def bars(
    frame: Any,
    *,
    label: str,
    part: str | None,
    value: str,
    axis: str,
    title: str,
    known: dict[str, str] | None = None,
) -> Chart | None:
    """Draw horizontal bars from zero, one per label in the frame's order, the first on top.

    `part` splits a bar; the parts are in the order of `known`, negative ones to the left of zero.
    `axis` names the value and its unit. The bars are rectangles, because HoloViews' own stacked bars
    lose negative parts, and the two backends colour them differently. None if all bars are empty.
    """
    if frame.empty:
        return None
    labels = list(dict.fromkeys(frame[label]))[:MAX_BARS]
    parts = _ordered(frame[part], known) if part else [""]
    palette = colours(parts, known)
    sums = frame.groupby([label, part] if part else [label], observed=True)[value].sum()
    pieces = _stack(sums, labels, parts, split=bool(part))
    if not pieces:
        return None
    legend = legend_names(pieces)
    layers = [
        Layer("rectangles", rows, legend[name], palette[name] if part else OKABE_ITO[0])
        for name, rows in pieces.items()
    ]
    ends = [edge for rows in pieces.values() for row in rows for edge in (row[0], row[2])]
    return _in_rows(layers, labels, ends, axis, title, legend=bool(part))


def ranges(
    frame: Any, *, label: str, low: str, middle: str, high: str, axis: str, title: str
) -> Chart | None:
    """Draw a range per row with a mark at its median, and a line at 1, no change. None without rows."""
    if frame.empty:
        return None
    labels = list(frame[label])[:MAX_BARS]
    thin = 0.004 * max(float(frame[high].max()), 1.0)
    pieces: dict[str, list[Rectangle]] = {
        "no change": [(1 - thin / 2, -0.6, 1 + thin / 2, len(labels) - 0.4, "", 1.0)]
    }
    for row, (_, item) in enumerate(frame.head(MAX_BARS).iterrows()):
        centre, name = float(item[middle]), plain(str(item[label]))
        span = (float(item[low]), row - 0.15, float(item[high]), row + 0.15, name, centre)
        mark = (centre - thin, row - 0.35, centre + thin, row + 0.35, name, centre)
        pieces.setdefault("interval", []).append(span)
        pieces.setdefault("median", []).append(mark)
    colour = {"no change": GREY, "interval": OKABE_ITO[5], "median": OKABE_ITO[0]}
    layers = [Layer("rectangles", rows, name, colour[name]) for name, rows in pieces.items()]
    return _in_rows(layers, labels, [float(frame[high].max()), 1.0], axis, title, legend=True)


def _in_rows(
    layers: list[Layer],
    labels: list[str],
    ends: list[float],
    axis: str,
    title: str,
    *,
    legend: bool,
) -> Chart:
    """Lay the layers over each other, with one label per row from top to bottom and an axis from zero."""
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    margin = (high - low or 1.0) * 0.02
    shown = list(fitting(labels, lambda name: wrapped(plain(str(name)))).values())
    row_pixels = max(ROW_PIXELS, *(LINE_PIXELS * (text.count("\n") + 1) for text in shown))
    count = max(len(labels), 2)
    return Chart(
        title=title_of(title),
        layers=tuple(layers),
        x=Axis(
            wrapped(axis, AXIS_LENGTH),
            limits=(low - margin if low < 0 else 0.0, high + margin if high > 0 else 0.0),
        ),
        y=Axis("", ticks=tuple(enumerate(shown)), limits=(len(labels) - 0.4, -0.6)),
        legend=legend,
        height=110 + row_pixels * count,
        inches=1.0 + 0.4 * count * row_pixels / ROW_PIXELS,
    )


def lines(
    frame: Any,
    *,
    x: str,
    y: str,
    series: str,
    axes: Axes,
    title: str,
    known: dict[str, str] | None = None,
    steps: bool = False,
) -> Chart | None:
    """Draw one line per series, with a mark at each point unless the line is drawn in steps.

    A later series with a colour that is already used is dashed.
    """
    names = _ordered(frame[series], known)
    palette, legend = colours(names, known), legend_names(names)
    layers: list[Layer] = []
    taken: set[str] = set()
    for place, name in enumerate(names):
        # lines on top of each other are both visible if the later one is thinner
        width = max(4.5 - 1.5 * place, 1.5) if steps else 2
        points = _points(frame[frame[series] == name].sort_values(x), x, y)
        if points.empty:
            continue
        name_shown, colour = legend[name], palette[name]
        layers.append(
            Layer(
                "line",
                points,
                name_shown,
                colour,
                width=width,
                dash="dashed" if colour in taken else "solid",
                steps=steps,
            )
        )
        taken.add(colour)
        if not steps:
            layers.append(Layer("points", points, name_shown, colour, place=place))
    return _overlay(layers, len(names), frame[x], frame[y], axes, title)


def points(
    frame: Any,
    *,
    x: str,
    y: str,
    series: str,
    axes: Axes,
    title: str,
    known: dict[str, str] | None = None,
    ceilings: dict[str, list[tuple[float, float]]] | None = None,
) -> Chart | None:
    """Draw marks without lines, one colour and marker per series, under named black `ceilings`."""
    names = _ordered(frame[series], known)
    palette, legend = colours(names, known), legend_names(names)
    layers: list[Layer] = []
    for place, name in enumerate(names):
        mine = _points(frame[frame[series] == name], x, y)
        if not mine.empty:
            layers.append(Layer("points", mine, legend[name], palette[name], place=place))
    if not layers:
        return None
    for name, corners in (ceilings or {}).items():
        layers.append(Layer("line", _corners(corners), plain(name), BLACK))
    return _overlay(layers, len(names) + len(ceilings or {}), frame[x], frame[y], axes, title)


def _points(frame: Any, x: str, y: str) -> Any:
    known = frame[[x, y]].dropna().astype(float)
    return known.rename(columns={x: "x", y: "y"})


def _corners(corners: list[tuple[float, float]]) -> Any:
    import pandas as pd

    return pd.DataFrame(corners, columns=["x", "y"])


def _overlay(
    layers: list[Layer], names: int, x: Any, y: Any, axes: Axes, title: str
) -> Chart | None:
    if not layers:
        return None
    return Chart(
        title=title_of(title),
        layers=tuple(layers),
        x=Axis(axes.x, axes.log_x, tuple(ticks(x, axes.log_x))),
        y=Axis(axes.y, axes.log_y, tuple(ticks(y, axes.log_y))),
        legend=names > 1,
        height=380,
        inches=4.6,
    )


def _ordered(names: Any, known: dict[str, str] | None) -> list[str]:
    found = list(dict.fromkeys(names))
    return [name for name in known or {} if name in found] + [
        name for name in found if name not in (known or {})
    ]


def _stack(
    sums: Any, labels: list[str], parts: list[str], *, split: bool
) -> dict[str, list[Rectangle]]:
    """The rectangles of each part: left, top, right, bottom, label, value."""
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
