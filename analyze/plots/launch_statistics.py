"""Which traces launch kernels that end before their own launch call does."""

from typing import Any

from genscope.analyze.plots import charts


def plot(frame: Any) -> Any:
    """Draw bars from launch_statistics: kernels shorter than their call, in % of single launches."""
    rows = frame[
        (frame["what"] == "kernel") & (frame["call_name"] == "all") & (frame["single_count"] > 0)
    ].copy()
    rows["percent"] = 100 * rows["shorter_than_call_count"] / rows["single_count"]
    return charts.bars(
        rows.sort_values("percent", ascending=False, kind="stable"),
        label="trace_name",
        part=None,
        value="percent",
        axis="share of the kernels launched by a call of their own (%)",
        title="Kernels that are shorter than the call that launches them",
    )
