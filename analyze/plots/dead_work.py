"""FLOPs whose result nothing reads: a bar per phase and component, split by operator."""

from typing import Any

from genscope.analyze.plots import charts


def plot(frame: Any) -> Any:
    """Draw stacked bars from dead_work in % of the trace's FLOPs; what has no products has no bar."""
    places = frame[frame["flops_frac"].fillna(0) > 0].copy()
    names = zip(places["trace_name"], places["phase"], places["component"], strict=True)
    places["place"] = [f"{name} (predicted) · {phase} · {part}" for name, phase, part in names]
    places["percent"] = 100 * places["flops_frac"]
    return charts.bars(
        places,
        label="place",
        part="op_name",
        value="percent",
        axis="share of the trace's FLOPs (%)",
        title="FLOPs whose result nothing reads",
    )
