"""What each step is spent on: the device first, then the host."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import stacked

PARTS = {
    "kernel": ("kernels", "#0072b2"),
    "memcpy": ("copies", "#e69f00"),
    "memset": ("fills", "#f0e442"),
    "communication": ("communication", "#d55e00"),
    "runtime": ("runtime calls", "#cc79a7"),
    "dataloader": ("data loader", "#009e73"),
    "cpu_op": ("operators on the host", "#56b4e9"),
    "other": ("nothing recorded", theme.GREY),
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from step_breakdown in % of each step, by the host's steps, with verdicts."""
    import pandas as pd

    steps = frame[
        (frame["basis"] == "host") & frame["other_ns"].notna() & (frame["step_ns"] > 0)
    ].copy()
    if steps.empty:
        return None
    steps["label"] = [
        name
        + ("" if pd.isna(step) else f" · step {int(step)}")
        + ("" if pd.isna(verdict) else f": {str(verdict).replace('_', ' ')}")
        for name, step, verdict in zip(
            steps["trace_name"], steps["step"], steps["verdict"], strict=True
        )
    ]
    return stacked(
        steps["label"],
        {label: 100 * steps[f"{part}_ns"] / steps["step_ns"] for part, (label, _) in PARTS.items()},
        axis="share of the step (%)",
        title="What each step is spent on",
        known=dict(PARTS.values()),
    )
