"""The plot of each metric in the report, or the reason why there is none; a failure never ends the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.plots.chart import Chart


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
    from genscope.analyze.plots import registry

    try:
        charts = registry.charts_of(name)(frame.to_pandas())
    except UserError as error:
        return Drawing(no_plot_reason=str(error).partition("; see")[0])
    panels = []
    no_plot_reason = ""
    for chart in charts:
        try:
            with registry.drawing(name):
                panels.append(_panel(chart))
        except UserError as error:
            no_plot_reason = str(error)
    return Drawing(tuple(panels), no_plot_reason)


def _panel(chart: Chart) -> tuple[str, str, str]:
    """Caption, div and script of one plot. The title becomes page text, so that it can wrap."""
    from bokeh.embed import components

    from genscope.analyze.plots import figure

    drawn = figure.bokeh_figure(chart)
    drawn.title.visible = False
    script, div = components(drawn)
    return chart.title, div, script
