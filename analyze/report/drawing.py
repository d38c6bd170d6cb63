"""The plot of each metric in the report, or the reason why there is none; a failure never ends the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Drawing:
    """A metric's panels (caption, div, script); `no_plot_reason` says why one is missing."""

    panels: tuple[tuple[str, str, str], ...] = ()
    no_plot_reason: str = ""


def drawings(frames: Mapping[str, pl.DataFrame]) -> dict[str, Drawing]:
    """The plots of those metrics that have a plot and rows."""
    from genscope.analyze.plots import registry

    drawn = set(registry.names())
    return {
        name: _drawing(name, frame)
        for name, frame in frames.items()
        if name in drawn and not frame.is_empty()
    }


def _drawing(name: str, frame: pl.DataFrame) -> Drawing:
    from genscope.analyze.plots import registry, theme

    try:
        element = registry.plot_of(name)(frame.to_pandas())
        with registry.drawing(name):
            elements = theme.panels_of(element)
    except UserError as error:
        return Drawing(no_plot_reason=str(error).partition("; see")[0])
    panels = []
    no_plot_reason = ""
    for panel in elements:
        try:
            with registry.drawing(name):
                panels.append(_panel(panel))
        except UserError as error:
            no_plot_reason = str(error)
    return Drawing(tuple(panels), no_plot_reason)


def _panel(element: Any) -> tuple[str, str, str]:
    """Caption, div and script of one plot. The title becomes page text, so that it can wrap."""
    from bokeh.embed import components

    from genscope.analyze.plots import theme

    figure = theme.bokeh_figure(element)
    figure.title.visible = False
    caption = str(figure.title.text)
    script, div = components(figure)
    return caption, div, script
