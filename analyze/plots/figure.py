"""A chart as a Bokeh figure, made of Bokeh's models without HoloViews.

The figure looks and behaves as the one that HoloViews draws of `elements`; a test compares them. A
report holds some thirty figures, and HoloViews takes several times as long for each.
"""

from __future__ import annotations

from math import ceil, isfinite, log10
from typing import Any

from genscope.analyze.plots.chart import Axis, Chart, Layer
from genscope.analyze.plots.theme import LEGEND_PIXELS, MARKERS, POINT_SIZE, legend_columns

# the share of an axis that stays empty on either side of the data
PADDING = {"x": 0.06, "y": 0.06 * 300 / 380}
MUTED = 0.2
DASHES = {"solid": [], "dashed": [6]}
CORNERS = ("x0", "y0", "x1", "y1", "row", "value")


def bokeh_figure(chart: Chart) -> Any:
    """The Bokeh model of one chart, as wide as its page."""
    models = _models()
    renderers = [_renderer(layer) for layer in chart.layers]
    below, left = _axis(chart.x), _axis(chart.y)
    figure = models.Plot(
        title=models.Title(text=chart.title),
        x_range=_range(chart, "x"),
        y_range=_range(chart, "y"),
        x_scale=models.LogScale() if chart.x.log else models.LinearScale(),
        y_scale=models.LogScale() if chart.y.log else models.LinearScale(),
        renderers=renderers,
        below=[below],
        left=[left],
        center=[
            models.Grid(axis=below, dimension=0, grid_line_color=None),
            models.Grid(axis=left, dimension=1, grid_line_color=None),
        ],
        toolbar=_toolbar(chart, renderers),
        toolbar_location="above",
        width=None,
        height=chart.height,
        sizing_mode="stretch_width",
        align="start",
        min_border_top=10,
        min_border_bottom=10,
        min_border_left=10,
        min_border_right=10,
        output_backend="webgl",
    )
    if chart.legend:
        _add_legend(figure, chart, renderers)
    return figure


def _range(chart: Chart, side: str) -> Any:
    axis = chart.x if side == "x" else chart.y
    if axis.limits is None:
        start, end = _padded([layer.rows[side] for layer in chart.layers], PADDING[side], axis.log)
    else:
        start, end = axis.limits
    return _models().Range1d(start=start, end=end, reset_start=start, reset_end=end)


def _padded(columns: list[Any], padding: float, log: bool) -> tuple[float, float]:
    """The range of the values with some space on either side; HoloViews takes the same."""
    low = min(float(column.min()) for column in columns)
    high = max(float(column.max()) for column in columns)
    if not (isfinite(low) and isfinite(high)):
        raise ValueError(f"an axis can't go from {low} to {high}")
    if low == high:
        low, high = low - 1, high + 1
    if log and low > 0:
        pad = (high / low) ** padding
        return low / pad, high * pad
    pad = (high - low) * padding
    low, high = low - pad, high + pad
    if log and low <= 0:
        low = 0.01 if high > 0.01 else 10 ** (log10(high) - 2)
    return low, high


def _axis(axis: Axis) -> Any:
    models = _models()
    if axis.ticks:
        ticks = [place for place, _ in axis.ticks]
        options = {
            "ticker": models.FixedTicker(ticks=ticks, minor_ticks=[]),
            "major_label_overrides": {int(p) if p == int(p) else p: t for p, t in axis.ticks},
        }
    else:
        options = {"ticker": models.LogTicker(num_minor_ticks=10)} if axis.log else {}
    made = models.LogAxis if axis.log else models.LinearAxis
    return made(axis_label=axis.label, **options)


def _renderer(layer: Layer) -> Any:
    """The renderer of one layer; a click on its name in the legend makes it pale."""
    models = _models()
    if layer.kind == "rectangles":
        data = dict(zip(CORNERS, map(list, zip(*layer.rows, strict=True)), strict=True))
    else:
        x, y = layer.rows["x"].to_numpy(), layer.rows["y"].to_numpy()
        data = dict(zip("xy", _steps(x, y) if layer.steps else (x, y), strict=True))
    return models.GlyphRenderer(
        name=layer.name,
        data_source=models.ColumnDataSource(data),
        glyph=_glyph(layer, 1.0),
        muted_glyph=_glyph(layer, MUTED),
    )


def _glyph(layer: Layer, alpha: float) -> Any:
    models = _models()
    if layer.kind == "line":
        return models.Line(
            x="x",
            y="y",
            line_color=layer.colour,
            line_alpha=alpha,
            line_width=layer.width,
            line_dash=DASHES[layer.dash],
        )
    filled = {
        "line_alpha": alpha,
        "fill_color": layer.colour,
        "fill_alpha": alpha,
        "hatch_color": layer.colour,
        "hatch_alpha": alpha,
    }
    if layer.kind == "rectangles":
        return models.Quad(
            left="x0", bottom="y0", right="x1", top="y1", line_color="white", **filled
        )
    marker = MARKERS[layer.place % len(MARKERS)]
    return models.Scatter(
        x="x", y="y", size=POINT_SIZE, marker=marker, line_color=layer.colour, **filled
    )


def _steps(x: Any, y: Any) -> tuple[Any, Any]:
    """The corners of a line that changes its height halfway between two points."""
    import numpy as np

    halfway = (x[:-1] + x[1:]) / 2
    return np.concatenate([x[:1], np.repeat(halfway, 2), x[-1:]]), np.repeat(y, 2)


def _toolbar(chart: Chart, renderers: list[Any]) -> Any:
    models = _models()
    pan, zoom = models.PanTool(), models.WheelZoomTool(zoom_together="none")
    told = [
        renderer
        for renderer, layer in zip(renderers, chart.layers, strict=True)
        if layer.kind != "line"
    ]
    names = CORNERS if chart.layers[0].kind == "rectangles" else ("x", "y")
    hover = models.HoverTool(renderers=told, tooltips=[(name, f"@{{{name}}}") for name in names])
    hovers = [hover] if told else []
    return models.Toolbar(
        tools=[
            zoom,
            *hovers,
            models.SaveTool(),
            pan,
            models.BoxZoomTool(),
            models.ResetTool(),
        ],
        logo=None,
        autohide=True,
        active_drag=pan,
        active_scroll=zoom,
    )


def _add_legend(figure: Any, chart: Chart, renderers: list[Any]) -> None:
    """Put the legend below the plot, in columns that fit a phone: next to the plot, it hides data."""
    from bokeh.core.properties import value

    models = _models()
    named: dict[str, list[Any]] = {}
    for layer, renderer in zip(chart.layers, renderers, strict=True):
        named.setdefault(layer.name, []).append(renderer)
    columns = legend_columns(named)
    figure.below.append(
        models.Legend(
            items=[
                models.LegendItem(label=value(name), renderers=mine) for name, mine in named.items()
            ],
            orientation="horizontal",
            ncols=columns,
            click_policy="mute",
            border_line_color=None,
            label_text_font_size="12px",
            padding=4,
            spacing=10,
            margin=0,
        )
    )
    figure.height += LEGEND_PIXELS * ceil(len(named) / columns)


def _models() -> Any:
    """Bokeh's models; importing them takes a second."""
    from bokeh import models

    return models
