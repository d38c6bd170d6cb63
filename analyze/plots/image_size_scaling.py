"""Time of attention and convolution as the image grows, on log axes."""

from typing import Any

from genscope.analyze.plots import charts, theme

DRAWN = ("attention", "convolution")


def plot(frame: Any) -> Any:
    """Lines of image_size_scaling, a panel a model seen at two sizes or more, attention as core."""
    rows = frame[
        (frame["attention_partition"] == "core")
        & (frame["scope"] == "request")
        & frame["category"].isin(DRAWN)
        & (frame["size_count"] > 1)
    ].copy()
    if rows.empty:
        return None
    rows["ms"] = rows["work_ns"] / 1e6
    rows["series"] = rows["category"] + ", " + rows["attention"].fillna("unknown")
    chosen = [_panel(str(model), part) for model, part in rows.groupby("model", sort=False)]
    return theme.panels(chosen)


def _panel(model: str, rows: Any) -> Any:
    predicted = bool(rows["predicted"].any())
    rows = rows.sort_values(["category", "attention"], kind="stable")
    colour = {row.series: theme.CLASS_COLOUR[row.category] for row in rows.itertuples()}
    return charts.lines(
        rows,
        x="image_size",
        y="ms",
        series="series",
        axes=charts.Axes("image side, px", "time of a whole request, ms", log_x=True, log_y=True),
        title=f"{theme.run_label(model, predicted)}: attention and convolution",
        known=colour,
    )
