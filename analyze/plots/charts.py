"""The charts that plots are made of: bars, ranges, lines and points.

SQL aggregates: a plot gets a small pandas frame, picks columns and calls one of these functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from typing import Any

from genscope.analyze.plots.axis import limits, ticks
from genscope.analyze.plots.legend import add_legend, finish_matplotlib
from genscope.analyze.plots.rectangles import Rectangle, rectangles
from genscope.analyze.plots.theme import (
    AXIS_LENGTH,
    BLACK,
    GREY,
    LINE_PIXELS,
    MARKERS,
    MARKERS_MATPLOTLIB,
    MAX_BARS,
    OKABE_ITO,
    ROW_PIXELS,
    apply_style,
    colours,
    fitting,
    holoviews,
    legend_names,
    number,
    plain,
    set_options,
    wrapped,
)
from genscope.analyze.predicted import without_common_mark

# FLOPs that are known of less of the time are those of a few kernels, and marked
LEAST_COSTED_FRAC, PARTLY = 0.5, " (FLOPs mostly unknown)"
_DASHES = ("solid", "dashed", "dotted", "dashdot")


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
) -> Any:
    """Draw horizontal bars from zero, one per label in the frame's order, the first on top.

    `part` splits a bar; the parts are in the order of `known`, negative ones to the left of zero.
    `axis` names the value and its unit. The bars are rectangles, because HoloViews' stacked bars lose
    negative parts, and one element, because each takes a tenth of a second. None if all are empty.
    """
    if frame.empty:
        return None
    labels = list(dict.fromkeys(frame[label]))[:MAX_BARS]
    parts = _ordered(frame[part], known) if part else [""]
    palette = colours(parts, known)
    sums = frame.groupby([label, part] if part else [label], observed=True)[value].sum()
    pieces = rectangles(sums, labels, parts, split=bool(part))
    if not pieces:
        return None
    shown = legend_names(pieces)
    ends = [edge for rows in pieces.values() for row in rows for edge in (row[0], row[2])]
    named = {shown[name]: rows for name, rows in pieces.items()}
    hues = {shown[name]: palette[name] if part else OKABE_ITO[0] for name in pieces}
    return _in_rows(named, hues, labels, ends, axis, title, legend=bool(part))


def ranges(
    frame: Any, *, label: str, low: str, middle: str, high: str, axis: str, title: str
) -> Any:
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
    hues = {"no change": GREY, "interval": OKABE_ITO[5], "median": OKABE_ITO[0]}
    return _in_rows(pieces, hues, labels, [float(frame[high].max()), 1.0], axis, title, legend=True)


def _in_rows(
    pieces: Mapping[str, list[Rectangle]],
    hues: Mapping[str, str],
    labels: list[str],
    ends: list[float],
    axis: str,
    title: str,
    *,
    legend: bool,
) -> Any:
    """Draw the rectangles of each piece in its colour, with one label per row from top to bottom."""
    labels, mark = without_common_mark(labels)
    axis += f", {mark}" if mark else ""
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    margin = (high - low or 1.0) * 0.02
    shown = list(fitting(labels, lambda name: wrapped(plain(str(name)))).values())
    row_pixels = max(ROW_PIXELS, *(LINE_PIXELS * (text.count("\n") + 1) for text in shown))
    rows = [(*row, name, hues[name]) for name, found in pieces.items() for row in found]
    named = hues if legend else {}
    return apply_style(
        holoviews().Rectangles(rows, vdims=["row", "value", "part", "colour"]),
        "Rectangles",
        title,
        both={
            "yticks": list(zip(range(len(labels)), shown, strict=True)),
            "invert_yaxis": True,
            "ylim": (-0.6, len(labels) - 0.4),
            "xlim": (low - margin if low < 0 else 0.0, high + margin if high > 0 else 0.0),
            "xlabel": wrapped(axis, AXIS_LENGTH),
            "ylabel": "",
        },
        bokeh={
            "color": "colour",
            "line_color": "white",
            "tools": ["hover"],
            "hover_tooltips": ["row", "part", "value"] if legend else ["row", "value"],
            "height": 85 + row_pixels * max(len(labels), 2),
            "hooks": [partial(add_legend, named=named)],
        },
        matplotlib={
            "facecolor": "colour",
            "edgecolor": "white",
            "fig_inches": (9, 1.0 + 0.4 * max(len(labels), 2) * row_pixels / ROW_PIXELS),
            "aspect": None,
            "hooks": [partial(finish_matplotlib, named=named)],
        },
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
) -> Any:
    """Draw one line per series, with a mark at each point unless the line is drawn in steps.

    A later series with a colour that is already used is dashed.
    """
    names = _ordered(frame[series], known)
    palette, (legend, axes) = colours(names, known), _legend(names, axes)
    layers = []
    taken: set[str] = set()
    for place, name in enumerate(names):
        # lines on top of each other are both visible if the later one is thinner
        width = max(4.5 - 1.5 * place, 1.5) if steps else 2
        points = _points(frame[frame[series] == name].sort_values(x), x, y, axes)
        if points.empty:
            continue
        dash = "dashed" if palette[name] in taken else "solid"
        taken.add(palette[name])
        curve = _curve(points, legend[name], palette[name], steps=steps, width=width, dash=dash)
        layers.append(curve)
        if not steps:
            layers.append(_marks(points, legend[name], palette[name], place))
    return _overlay(layers, len(names), _options(frame[x], frame[y], axes), title)


def _legend(names: Sequence[str], axes: Axes) -> tuple[dict[str, str], Axes]:
    """The series' names as a legend shows them; the mark that all of them have is on the y axis instead."""
    unmarked, mark = without_common_mark(names)
    shown = legend_names(unmarked)
    axes = replace(axes, y=f"{axes.y}, {mark}") if mark else axes
    return {name: shown[text] for name, text in zip(names, unmarked, strict=True)}, axes


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
) -> Any:
    """Draw marks without lines, one colour and marker per series, under named black `ceilings`, each with its dashes."""
    import pandas as pd

    names = _ordered(frame[series], known)
    palette, (legend, axes) = colours(names, known), _legend(names, axes)
    layers = []
    for place, name in enumerate(names):
        mine = _points(frame[frame[series] == name], x, y, axes)
        if not mine.empty:
            layers.append(_marks(mine, legend[name], palette[name], place))
    if not layers:
        return None
    marked = [frame[[x, y]]]
    for dash, (name, corners) in zip(cycle(_DASHES), (ceilings or {}).items(), strict=False):
        layers.append(_curve(corners, plain(name), BLACK, steps=False, dash=dash))
        marked.append(pd.DataFrame(corners, columns=[x, y]))
    rows = pd.concat(marked)
    return _overlay(layers, len(layers), _options(rows[x], rows[y], axes), title)


def _points(frame: Any, x: str, y: str, axes: Axes) -> Any:
    """The points that can be drawn: a log axis has no place for zero, and HoloViews warns of it."""
    found = frame[[x, y]].dropna().astype(float).rename(columns={x: "x", y: "y"})
    for name, log in (("x", axes.log_x), ("y", axes.log_y)):
        found = found[found[name] > 0] if log else found
    return found


def _curve(
    table: Any, name: str, colour: str, *, steps: bool, width: float = 2, dash: str = "solid"
) -> Any:
    hv = holoviews()
    shape = {"interpolation": "steps-mid"} if steps else {}
    return set_options(
        hv.Curve(table, "x", "y", label=name),
        "Curve",
        both={"color": colour, **shape},
        bokeh={"line_width": width, "line_dash": dash},
        matplotlib={"linewidth": width * 0.8, "linestyle": dash},
    )


def _marks(table: Any, name: str, colour: str, place: int) -> Any:
    hv = holoviews()
    marker = place % len(MARKERS)
    return set_options(
        hv.Scatter(table, "x", "y", label=name),
        "Scatter",
        both={"color": colour},
        bokeh={"marker": MARKERS[marker], "size": 9, "tools": ["hover"]},
        matplotlib={"marker": MARKERS_MATPLOTLIB[marker], "s": 40},
    )


def _overlay(layers: list[Any], names: int, shared: dict[str, Any], title: str) -> Any:
    if not layers:
        return None
    hv = holoviews()
    element = apply_style(
        hv.Overlay(layers),
        "Overlay",
        title,
        both={"show_legend": names > 1},
        bokeh={"height": 350},
        matplotlib={"fig_inches": (9, 4.6), "aspect": None, "hooks": [finish_matplotlib]},
    )
    for kind in ("Curve", "Scatter"):
        element = set_options(element, kind, both=shared, bokeh={}, matplotlib={})
    return element


def duration(ms: float) -> str:
    """A time in ms or, from a second on, in s."""
    return f"{number(ms / 1000)} s" if ms >= 999.5 else f"{ms:.3g} ms"


def _options(x: Any, y: Any, axes: Axes) -> dict[str, Any]:
    options = {
        "logx": axes.log_x,
        "logy": axes.log_y,
        "xlabel": axes.x,
        "ylabel": axes.y,
        "padding": 0.06,
    }
    placed: dict[str, Any] = {"xticks": ticks(x, axes.log_x), "yticks": ticks(y, axes.log_y)}
    placed |= {"xlim": limits(x, axes.log_x), "ylim": limits(y, axes.log_y)}
    return options | {name: found for name, found in placed.items() if found}


def _ordered(names: Any, known: dict[str, str] | None) -> list[str]:
    found = dict.fromkeys(names)
    return list(dict.fromkeys([*(name for name in known or {} if name in found), *found]))
