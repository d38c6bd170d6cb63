"""Bytes of all score matrices of a pass as the image grows, on log axes."""

from typing import Any

from genscope.analyze.plots import charts


def plot(frame: Any) -> Any:
    """Lines of attention_memory_scaling, one a component seen at two sizes or more.

    The matrices are the same whether a kernel writes them or not: one line for all kinds of runs.
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
        axes=charts.Axes("image side, px", "scores of a pass, GiB", log_x=True, log_y=True),
        title="Score matrices as the image grows",
    )
