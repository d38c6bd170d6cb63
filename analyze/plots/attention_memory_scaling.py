"""Bytes of all score matrices of a pass as the image grows, on log axes."""

from typing import Any

from analyze.plots import shape


def plot(frame: Any) -> Any:
    """Lines of attention_memory_scaling, one a model seen at two sizes or more."""
    rows = frame[frame["fitted_exponent"].notna()].copy()
    if rows.empty:
        return None
    rows["gib"] = rows["pass_score_bytes"] / 2**30
    rows["series"] = [
        f"{model}, {attention} (exponent {exponent:.2f})"
        for model, attention, exponent in zip(
            rows["model"], rows["attention"], rows["fitted_exponent"], strict=True
        )
    ]
    return shape.lines(
        rows,
        x="image_size",
        y="gib",
        series="series",
        axes=shape.Axes("image side, px", "scores of a pass, GiB", log_x=True, log_y=True),
        title="Score matrices as the image grows",
    )
