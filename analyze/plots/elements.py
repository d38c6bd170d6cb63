"""A chart as a HoloViews element, with its options for Bokeh (HTML) and matplotlib (PNG, SVG) alike.

HoloViews is imported where it is used, because that takes seconds.
"""

from __future__ import annotations

from functools import cache
from math import ceil
from typing import Any

from genscope.analyze.plots.chart import Chart, Layer
from genscope.analyze.plots.theme import (
    AXES_SHARE,
    LEGEND_INCHES,
    LEGEND_PIXELS,
    MARKERS,
    MARKERS_MATPLOTLIB,
    POINT_SIZE,
    legend_columns,
)

# dollar signs are part of names, not TeX
_NO_TEX = {"text.parse_math": False}


@cache
def holoviews() -> Any:
    """HoloViews with both backends loaded."""
    import holoviews as hv

    hv.extension("bokeh", "matplotlib")
    return hv


def element_of(charts: list[Chart]) -> Any:
    """The charts stacked vertically with separate axes; one chart is an overlay of its layers."""
    drawn = [_overlay(chart) for chart in charts]
    return drawn[0] if len(drawn) == 1 else holoviews().Layout(drawn).cols(1)


def panels_of(element: Any) -> list[Any]:
    """The panels of a layout in order; a single plot is its own panel."""
    hv = holoviews()
    return list(element) if isinstance(element, hv.Layout) else [element]


def bokeh_figure(element: Any) -> Any:
    """The Bokeh model of one panel, as wide as its page."""
    hv = holoviews()
    figure = hv.renderer("bokeh").get_plot(element).state
    figure.sizing_mode = "stretch_width"
    figure.toolbar.logo = None
    figure.toolbar.autohide = True
    _lay_out_legend(figure)
    return figure


def _overlay(chart: Chart) -> Any:
    hv = holoviews()
    # HoloViews formats titles
    common = {
        "title": chart.title.replace("{", "{{").replace("}", "}}"),
        "show_legend": chart.legend,
    }
    shared = _axis_options(chart)
    kinds = dict.fromkeys(_KIND[layer.kind] for layer in chart.layers)
    return hv.Overlay([_LAYER[layer.kind](layer) for layer in chart.layers]).opts(
        hv.opts.Overlay(
            backend="bokeh", responsive=True, toolbar="above", height=chart.height, **common
        ),
        hv.opts.Overlay(
            backend="matplotlib",
            fig_rcparams=_NO_TEX,
            fig_inches=(9, chart.inches),
            aspect=None,
            hooks=[_finish_matplotlib],
            **common,
        ),
        *(
            getattr(hv.opts, kind)(backend=backend, **shared)
            for kind in kinds
            for backend in ("bokeh", "matplotlib")
        ),
    )


def _axis_options(chart: Chart) -> dict[str, Any]:
    found: dict[str, Any] = {"xlabel": chart.x.label, "ylabel": chart.y.label}
    for side, axis in (("x", chart.x), ("y", chart.y)):
        if axis.ticks:
            found[f"{side}ticks"] = list(axis.ticks)
        if axis.limits is None:
            found |= {f"log{side}": axis.log, "padding": 0.06}
        else:
            found |= {f"{side}lim": tuple(sorted(axis.limits))}
            found |= {f"invert_{side}axis": True} if axis.limits[0] > axis.limits[1] else {}
    return found


def _rectangles(layer: Layer) -> Any:
    hv = holoviews()
    return hv.Rectangles(layer.rows, vdims=["row", "value"], label=layer.name).opts(
        hv.opts.Rectangles(
            color=layer.colour, line_color="white", tools=["hover"], backend="bokeh"
        ),
        hv.opts.Rectangles(facecolor=layer.colour, edgecolor="white", backend="matplotlib"),
    )


def _line(layer: Layer) -> Any:
    hv = holoviews()
    shape = {"interpolation": "steps-mid"} if layer.steps else {}
    return hv.Curve(layer.rows, "x", "y", label=layer.name).opts(
        hv.opts.Curve(
            color=layer.colour,
            line_width=layer.width,
            line_dash=layer.dash,
            backend="bokeh",
            **shape,
        ),
        hv.opts.Curve(
            color=layer.colour,
            linewidth=layer.width * 0.8,
            linestyle=layer.dash,
            backend="matplotlib",
            **shape,
        ),
    )


def _points(layer: Layer) -> Any:
    hv = holoviews()
    marker = layer.place % len(MARKERS)
    return hv.Scatter(layer.rows, "x", "y", label=layer.name).opts(
        hv.opts.Scatter(
            color=layer.colour,
            marker=MARKERS[marker],
            size=POINT_SIZE,
            tools=["hover"],
            backend="bokeh",
        ),
        hv.opts.Scatter(
            color=layer.colour, marker=MARKERS_MATPLOTLIB[marker], s=40, backend="matplotlib"
        ),
    )


_KIND = {"rectangles": "Rectangles", "line": "Curve", "points": "Scatter"}
_LAYER = {"rectangles": _rectangles, "line": _line, "points": _points}


def _lay_out_legend(figure: Any) -> None:
    """Move the legend below the plot, in columns that fit a phone: next to the plot, it hides data."""
    for side in ("above", "right", "left", "center"):
        for legend in [item for item in getattr(figure, side) if type(item).__name__ == "Legend"]:
            getattr(figure, side).remove(legend)
            columns = legend_columns(str(item.label.value) for item in legend.items)
            legend.update(
                orientation="horizontal", ncols=columns, border_line_color=None, padding=4
            )
            legend.update(title=None, label_text_font_size="12px", spacing=10, margin=0)
            figure.add_layout(legend, "below")
            figure.height += LEGEND_PIXELS * ceil(len(legend.items) / columns)


def _finish_matplotlib(plot: Any, _: Any) -> None:
    """Let the axes fill the figure and the legend go below them: HoloViews has no option for that."""
    from matplotlib.ticker import NullFormatter

    axis = plot.handles["axis"]
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.set_aspect("auto")
    axis.set_position((0.1, 0.1, AXES_SHARE, AXES_SHARE))
    legend = axis.get_legend()
    if legend is None:
        return
    handles, names = legend.legend_handles, [text.get_text() for text in legend.get_texts()]
    legend.remove()
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
