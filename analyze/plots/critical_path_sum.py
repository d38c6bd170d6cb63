"""What the length of each trace consists of, along its critical path."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import stacked

PARTS = {
    "host": ("host", "#0072b2"),
    "launch_call": ("launching call", "#e69f00"),
    "launch_latency": ("launched, not started", "#f0e442"),
    "compute": ("computing", "#009e73"),
    "communication": ("communicating", "#cc79a7"),
    "copy": ("copying", "#56b4e9"),
    "device_gap": ("between two kernels", "#44aa99"),
    "sync_tail": ("end of a wait", "#d55e00"),
    "unknown": ("unknown", theme.BLACK),
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from critical_path_sum in % of the trace's length, the longest first."""
    traces = frame[frame["window_ns"] > 0].sort_values("window_ns", ascending=False, kind="stable")
    if traces.empty:
        return None
    return stacked(
        traces["trace_name"],
        {
            label: 100 * traces[f"{part}_ns"] / traces["window_ns"]
            for part, (label, _) in PARTS.items()
        },
        axis="share of the critical path (%)",
        title="What the length of each trace consists of",
        known=dict(PARTS.values()),
    )
