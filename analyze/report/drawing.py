"""The plot of each metric in the report, or the reason why there is none; a failure never ends the report."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

# a plot that compares sizes or models needs all traces; others stay readable with so many
MOST_TRACES = 8
OF_ALL_TRACES = {
    "image_size_scaling", "attention_memory_scaling", "frame_scaling", "flash_contrast", "family_contrast", "roofline",
    "prefill_decode",
}  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """One plot: its caption, its height in px, and what BokehJS needs to draw it, as JSON."""

    caption: str
    height: int
    item: str


@dataclass(frozen=True)
class Drawing:
    """A metric's panels; `no_plot_reason` says why one is missing, `note` which traces it shows."""

    panels: tuple[Panel, ...] = ()
    no_plot_reason: str = ""
    note: str = ""


def load_plots() -> None:
    """Import what drawing needs, which takes longer than most queries."""
    # HoloViews loads pandas only with the first plot
    import pandas  # noqa: F401

    from genscope.analyze.plots import theme

    with theme.only_bokeh():
        theme.holoviews()


def drawing_of(name: str, frame: pl.DataFrame, kept: Collection[int]) -> Drawing:
    """The plot of a metric's rows; of those of the traces in `kept` if there are too many to read."""
    if not has_plot(name, frame):
        return Drawing()
    few, note = few_traces(name, frame, kept)
    return drawn(name, few.to_pandas(), note)


def has_plot(name: str, frame: pl.DataFrame) -> bool:
    """Whether there are rows and a plot for them."""
    from genscope.analyze.plots import registry

    return not frame.is_empty() and name in registry.names()


def drawn(name: str, frame: Any, note: str) -> Drawing:
    """The plot of a metric's rows, a pandas frame."""
    from genscope.analyze.plots import registry, theme

    with theme.only_bokeh():
        try:
            element = registry.plot_of(name)(frame)
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
    return Drawing(tuple(panels), no_plot_reason, note)


def few_traces(name: str, frame: pl.DataFrame, kept: Collection[int]) -> tuple[pl.DataFrame, str]:
    """The rows that the plot shows, and a sentence about the others: those of `kept` if there are many traces."""
    import polars as pl

    if name in OF_ALL_TRACES or "trace_id" not in frame.columns:
        return frame, ""
    count = frame["trace_id"].n_unique()
    few = frame.filter(pl.col("trace_id").is_in(list(kept)))
    shown = few["trace_id"].n_unique()
    if count <= MOST_TRACES or not shown or shown == count:
        return frame, ""
    return few, f"The plot is drawn from {shown} of {count} traces; 'All columns' lists all."


def _panel(element: Any) -> Panel:
    """One plot. The title becomes page text, so that it can wrap."""
    from genscope.analyze.plots import theme
    from genscope.analyze.report.figure_json import figure_json

    figure = theme.bokeh_figure(element)
    figure.title.visible = False
    # the page's own background shows through, light or dark
    figure.update(background_fill_color=None, border_fill_color=None, outline_line_color=None)
    for legend in figure.legend:
        legend.background_fill_alpha = 0
    item = f'{{"doc":{figure_json(figure)},"root_id":"{figure.id}"}}'
    return Panel(str(figure.title.text), figure.height or 0, item)
