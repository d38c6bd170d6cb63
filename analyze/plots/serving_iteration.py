"""How long the GPU works in each iteration of a serving engine, and how long it takes to be done."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import stacked

STATES = {"the GPU works on it": "#0072b2", "until it is done": theme.GREY}


def plot(frame: Any) -> Any:
    """Draw stacked bars from serving_iteration in ms, one per iteration with device work, in order."""
    rows = frame[frame["done_after_label_ns"].notna()].copy()
    if rows.empty:
        return None
    rows["row"] = [
        f"{name} · {number}. {source}: {phase}, {tokens:,} tokens"
        for name, number, source, phase, tokens in zip(
            rows["trace_name"],
            rows["iteration"],
            rows["source"],
            rows["phase"],
            rows["context_token_count"] + rows["generation_token_count"],
            strict=True,
        )
    ]
    busy = rows["gpu_busy_ns"]
    parts = zip(STATES, (busy, rows["done_after_label_ns"] - busy), strict=True)
    return stacked(
        rows["row"],
        {state: value / 1e6 for state, value in parts},
        axis="time from the start of the label (ms)",
        title="Iterations of a serving engine",
        known=STATES,
    )
