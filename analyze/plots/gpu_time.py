"""The shares of time in which the GPU computes, only copies, or is idle."""

from typing import Any

from genscope.analyze.plots.stacked import stacked

COLOUR = {"kernels": "#0072b2", "copies alone": "#e69f00", "idle": "#c8c8c8"}


def plot(frame: Any) -> Any:
    """Draw stacked bars from gpu_time, one per trace with a GPU, in % of its span, idlest first."""
    traces = frame[(frame["gpu_span_ns"] > 0) & frame["idle_refusal"].isna()].copy()
    if traces.empty:
        return None
    traces["kernels"] = traces["kernel_busy_ns"]
    traces["copies alone"] = traces["gpu_busy_ns"] - traces["kernel_busy_ns"]
    traces["idle"] = traces["gpu_idle_ns"]
    traces["idle_frac"] = traces["gpu_idle_ns"] / traces["gpu_span_ns"]
    traces = traces.sort_values("idle_frac", ascending=False)
    return stacked(
        traces["trace_name"],
        {state: 100 * traces[state] / traces["gpu_span_ns"] for state in COLOUR},
        axis="share of the time from first to last GPU event (%)",
        title="GPU time: kernels, copies, idle",
        known=COLOUR,
    )
