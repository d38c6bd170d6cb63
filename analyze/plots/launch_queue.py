"""How many launches wait in the stream of each trace that has the most."""

from typing import Any

from genscope.analyze.plots.stacked import stacked

COLOUR = {"mean": "#0072b2", "peak above the mean": "#56b4e9"}


def plot(frame: Any) -> Any:
    """Draw stacked bars from launch_queue: mean and peak length of each trace's longest queue."""
    rows = frame.sort_values(["length_integral_ns", "peak_length"], ascending=False, kind="stable")
    rows = rows[rows["peak_length"] > 0].drop_duplicates("trace_id").copy()
    rows["mean"] = rows["mean_length"].fillna(0)
    rows["peak above the mean"] = rows["peak_length"] - rows["mean"]
    rows = rows.sort_values("mean", ascending=False, kind="stable")
    if rows.empty:
        return None
    return stacked(
        rows["trace_name"],
        {name: rows[name] for name in COLOUR},
        axis="launches that wait in the fullest stream",
        title="Launches that wait in a stream",
        known=COLOUR,
    )
