"""Bytes of all score matrices of a pass by image size, on log axes."""

from typing import Any

from genscope.analyze.plots import charts


def plot(frame: Any) -> Any:
    """Draw one line per component that was run at two or more sizes.

    The matrices are the same whether a kernel writes them or not, so all attention settings share a
    line.
    """
    rows = frame[frame["fitted_exponent"].notna()].sort_values("trace_id")
    rows = rows.drop_duplicates(["model", "component", "image_size"]).copy()
    if rows.empty:
        return None
    rows["gib"] = rows["pass_score_bytes"] / 2**30
    rows["series"] = [
        f"{model} {component} (exponent {exponent:.2f})"
        for model, component, exponent in zip(
            rows["model"], rows["component"], rows["fitted_exponent"], strict=True
        )
    ]
    return charts.lines(
        rows,
        x="image_size",
        y="gib",
        series="series",
        axes=charts.Axes(
            "image side (px)", "score matrices of one pass (GiB)", log_x=True, log_y=True
        ),
        title="Size of all score matrices by image size",
    )
