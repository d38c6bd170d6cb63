"""A chart before any library draws it: its layers, axes and title.

`figure` turns it into Bokeh models for a page, and `elements` into HoloViews for everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Layer:
    """Marks of one colour, under one name in the legend.

    `rows` of rectangles are tuples: left, top, right, bottom, label, value. Those of lines and points
    are a pandas frame with x and y. `place` picks the marker of points.
    """

    kind: Literal["rectangles", "line", "points"]
    rows: Any
    name: str
    colour: str
    width: float = 2
    dash: Literal["solid", "dashed"] = "solid"
    steps: bool = False
    place: int = 0


@dataclass(frozen=True)
class Axis:
    """One axis: its label with the unit, its own ticks if any, and its limits if they don't follow the data.

    The first limit is at the bottom or on the left.
    """

    label: str
    log: bool = False
    ticks: tuple[tuple[float, str], ...] = ()
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Chart:
    """One panel. `height` is in pixels, `inches` is the height in a picture."""

    title: str
    layers: tuple[Layer, ...]
    x: Axis
    y: Axis
    legend: bool
    height: int
    inches: float
