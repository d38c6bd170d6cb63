"""Attention time in prefill-like and decode-like calls."""

from typing import Any

from genscope.analyze.plots import charts, theme

COLOUR = {"prefill": "#0072b2", "decode": "#d55e00", "unknown": theme.GREY}


def plot(frame: Any) -> Any:
    """Draw stacked bars from prefill_decode, one per run, in % of its request's attention time."""
    rows = frame[frame["request_core_frac"].notna()].copy()
    rows["run"] = theme.run_labels(rows)
    rows["percent"] = 100 * rows["request_core_frac"]
    return charts.bars(
        rows.sort_values("trace_id", kind="stable"),
        label="run",
        part="phase",
        value="percent",
        axis="share of the request's attention core time (%)",
        title="Prefill-like and decode-like attention",
        known=COLOUR,
    )
