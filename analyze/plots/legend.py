"""Legends below a plot, in both backends: next to it, they would hide data."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

LEGEND_CHARACTERS = 56
LEGEND_PIXELS = 24
LEGEND_MARGIN = 24
LEGEND_INCHES = 0.65
AXES_SHARE = 0.85


def add_legend(plot: Any, _: Any, *, named: Mapping[str, str]) -> None:
    """A hook for Bokeh: a legend of the parts of one element, where HoloViews has none."""
    from bokeh.models.annotations import Legend, LegendItem

    renderer = plot.handles["glyph_renderer"]
    parts = list(renderer.data_source.data.get("part", []))
    items = [
        LegendItem(label=name, renderers=[renderer], index=parts.index(name)) for name in named
    ]
    if items:
        plot.state.add_layout(Legend(items=items), "below")


def lay_out_legend(figure: Any) -> None:
    """Move the legend below the plot, in columns that fit a phone: next to the plot, it hides data.

    It ends where the plot ends: on a phone there is room to the left, below the labels of the rows.
    """
    sides = [getattr(figure, name) for name in ("above", "right", "left", "center", "below")]
    held = [(side, item) for side in sides for item in side if type(item).__name__ == "Legend"]
    for side, legend in held:
        side.remove(legend)
        longest = max((len(str(item.label.value)) for item in legend.items), default=1)
        columns = min(max(LEGEND_CHARACTERS // (longest + 5), 1), 4)
        legend.update(orientation="horizontal", ncols=columns, border_line_color=None, padding=4)
        legend.location = "center_right"
        legend.update(title=None, label_text_font_size="12px", spacing=4, margin=0)
        figure.add_layout(legend, "below")
        figure.height += LEGEND_MARGIN + LEGEND_PIXELS * ceil(len(legend.items) / columns)


def finish_matplotlib(plot: Any, _: Any, *, named: Mapping[str, str] | None = None) -> None:
    """Let the axes fill the figure and the legend go below them: HoloViews has no option for that.

    `named` are the parts of one element, for which HoloViews has no legend, with their colours.
    """
    from matplotlib.patches import Patch
    from matplotlib.ticker import NullFormatter

    axis = plot.handles["axis"]
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.set_aspect("auto")
    axis.set_position((0.1, 0.1, AXES_SHARE, AXES_SHARE))
    handles: list[Any] = [Patch(facecolor=hue, edgecolor="white") for hue in (named or {}).values()]
    names = list(named or {})
    if legend := axis.get_legend():
        handles, names = legend.legend_handles, [text.get_text() for text in legend.get_texts()]
        legend.remove()
    if not names:
        return
    below = -LEGEND_INCHES / (axis.figure.get_figheight() * AXES_SHARE)
    axis.legend(
        handles,
        names,
        loc="upper left",
        bbox_to_anchor=(0, below),
        ncols=max(1, min(5, 100 // (max(map(len, names)) + 6))),
        frameon=False,
        fontsize=9,
    )
