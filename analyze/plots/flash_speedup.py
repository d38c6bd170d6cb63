"""Speedup from another attention backend: end to end, by Amdahl's law, and the limit if attention took no time."""

from typing import Any

from genscope.analyze.plots import charts, theme

COLOUR = {"end to end": "#0072b2", "Amdahl": "#56b4e9", "ceiling": "#c8c8c8"}
FIELD = {
    "end to end": "speedup",
    "Amdahl": "predicted_speedup",
    "ceiling": "ceiling_speedup",
}


def plot(frame: Any) -> Any:
    """Draw three bars per pair of runs from flash_speedup: whole requests, attention as core."""
    import pandas as pd

    chosen = frame[
        (frame["scope"] == "request")
        & (frame["attention_partition"] == "core")
        & frame["speedup"].notna()
    ].sort_values("speedup", ascending=False)
    if chosen.empty:
        return None
    known = chosen["attention"].notna().any()
    rows = []
    for _, pair in chosen.iterrows():
        run = theme.run_label(pair["trace_name"], pair)
        rows += [(f"{run} · {part}", part, pair[field]) for part, field in FIELD.items()]
    return charts.bars(
        pd.DataFrame(rows, columns=["row", "part", "times"]),
        label="row",
        part="part",
        value="times",
        axis="speedup over the baseline (whole request)",
        # without a manifest, the baseline is the first run of equal operators
        title="Speedup from another attention backend"
        if known
        else "Speedup over the first run of the workload",
        known=COLOUR,
    )
