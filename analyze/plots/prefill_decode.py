"""Time in attention that works like the prefill of a prompt, and like decoding."""

from typing import Any

from genscope.analyze.plots import charts, theme

COLOUR = {"prefill": "#0072b2", "decode": "#d55e00", "unknown": theme.GREY}


def plot(frame: Any) -> Any:
    """Stacked bars of prefill_decode, one a run, in % of the attention time of its whole request."""
    rows = frame[frame["request_frac"].notna()].copy()
    rows["run"] = [
        theme.run_label(name, predicted)
        for name, predicted in zip(rows["trace_name"], rows["predicted"], strict=True)
    ]
    rows["percent"] = 100 * rows["request_frac"]
    return charts.bars(
        rows.sort_values("trace_id", kind="stable"),
        label="run",
        part="phase",
        value="percent",
        axis="% of the attention core time of a whole request",
        title="Attention like prefill, and like decoding",
        known=COLOUR,
    )
