"""How much of the time of matrix kernels uses tensor cores."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import stacked

ANSWERS = {
    "tensor cores": ("tensor_core_ns", "#0072b2"),
    "the name does not say": ("tensor_core_unknown_ns", theme.GREY),
    "no tensor cores": ("no_tensor_core_ns", "#d55e00"),
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from tensor_core_use in % of matrix kernels' time, one per trace."""
    traces = frame[(frame["category"] == "all") & (frame["kernel_ns"] > 0)]
    traces = traces.sort_values("tensor_core_frac", kind="stable")
    if traces.empty:
        return None
    return stacked(
        traces["trace_name"],
        {
            answer: 100 * traces[column] / traces["kernel_ns"]
            for answer, (column, _) in ANSWERS.items()
        },
        axis="share of the time of matrix kernels (%)",
        title="Time of matrix kernels on tensor cores",
        known={answer: colour for answer, (_, colour) in ANSWERS.items()},
    )
