"""Time of attention and convolution by image size, on log axes."""

from typing import Any

from genscope.analyze.plots import charts, theme

DRAWN = ("attention", "convolution")


def plot(frame: Any) -> Any:
    """Draw lines from image_size_scaling, one panel per model with two or more sizes."""
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
    rows = rows.sort_values(["category", "attention"], kind="stable")
    run = theme.run_label(model, theme.least_sure(rows))
    colour = {row.series: theme.CATEGORY_COLOUR[row.category] for row in rows.itertuples()}
    return charts.lines(
        rows,
        x="image_size",
        y="ms",
        series="series",
        axes=charts.Axes("image side (px)", "time of a request (ms)", log_x=True, log_y=True),
        title=f"{run}: attention and convolution time",
        known=colour,
    )
