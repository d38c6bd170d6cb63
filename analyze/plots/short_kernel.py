"""How short the kernels of each trace are."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import stacked

LENGTHS = {
    "below 1 µs": "#d55e00",
    "1 to 5 µs": "#e69f00",
    "5 to 10 µs": "#f0e442",
    "10 µs and more": theme.GREY,
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from short_kernel: kernels by length in %, traces with the shortest first."""
    traces = frame[frame["kernel_count"] > 0].copy()
    traces["short"] = traces["below_10us_count"] / traces["kernel_count"]
    traces = traces.sort_values("short", ascending=False, kind="stable")
    edges = [0, *(traces[f"below_{us}us_count"] for us in (1, 5, 10)), traces["kernel_count"]]
    return stacked(
        traces["trace_name"],
        {
            length: 100 * (high - low) / traces["kernel_count"]
            for length, low, high in zip(LENGTHS, edges, edges[1:], strict=False)
        },
        axis="share of the kernels (%)",
        title="How short the kernels are",
        known=LENGTHS,
    )
