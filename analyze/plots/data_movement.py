"""Time of gathering and of copying: a bar per component, split in two."""

from typing import Any

from genscope.analyze.plots import charts, theme

MOVEMENTS = {"gather": "#d55e00", "copy": "#56b4e9"}
# of the longest bar
SMALLEST_SHARE = 0.01


def plot(frame: Any) -> Any:
    """Draw stacked bars from data_movement in ms, largest first within each trace; bars that can't be seen are left out."""
    parts = frame.copy()
    parts["place"] = theme.run_labels(parts) + " · " + parts["component"]
    parts["ms"] = parts["work_ns"].astype(float) / 1e6
    whole = parts.groupby("place")["ms"].transform("sum")
    parts = parts.assign(whole=-whole)[whole >= SMALLEST_SHARE * whole.max()]
    parts = parts.sort_values(["trace_id", "whole"], kind="stable")
    return charts.bars(
        parts,
        label="place",
        part="movement",
        value="ms",
        axis="time in the trace (ms)",
        title="Time of gathering and of copying",
        known=MOVEMENTS,
    )
