"""FLOPs whose result nothing reads: a bar per phase and component, split by operator."""

from typing import Any

from genscope.analyze.plots import charts, theme


def plot(frame: Any) -> Any:
    """Draw stacked bars from dead_work in % of the trace's FLOPs; what has no products has no bar."""
    places = frame[frame["flops_frac"].fillna(0) > 0].copy()
    places["place"] = (
        theme.run_labels(places) + " · " + places["phase"] + " · " + places["component"]
    )
    places["percent"] = 100 * places["flops_frac"]
    return charts.bars(
        places,
        label="place",
        part="op_name",
        value="percent",
        axis="share of the trace's FLOPs (%)",
        title="FLOPs whose result nothing reads",
    )
