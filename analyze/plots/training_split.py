"""Time of a training step: a bar per component, split by pass."""

from typing import Any

from genscope.analyze.plots import charts, theme

PASSES = {
    "forward": "#0072b2",
    "recompute": "#56b4e9",
    "backward": "#d55e00",
    "update": "#009e73",
    "unattributed": theme.GREY,
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from training_split in ms, one per component of each trace, largest first."""
    parts = frame.copy()
    parts["component"] = theme.run_labels(parts) + " · " + parts["component"]
    parts["ms"] = parts["work_ns"] / 1e6
    parts = parts.groupby(["trace_id", "component", "pass"], as_index=False)["ms"].sum()
    whole = parts.groupby("component")["ms"].transform("sum")
    parts = parts.assign(whole=-whole).sort_values(["trace_id", "whole"], kind="stable")
    return charts.bars(
        parts,
        label="component",
        part="pass",
        value="ms",
        axis="time in the trace (ms)",
        title="Time of each component, forward, backward and updating",
        known=PASSES,
    )
