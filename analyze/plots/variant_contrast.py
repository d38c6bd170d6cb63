"""A model's variants against each other: bars of the ratios of FLOPs, bytes, launches and time."""

from typing import Any

from genscope.analyze.plots import charts, theme

RATIOS = {
    "flops_ratio": "FLOPs",
    "bytes_ratio": "bytes",
    "work_count_ratio": "launches",
    "work_ns_ratio": "time",
}


def plot(frame: Any) -> Any:
    """Draw bars from variant_contrast: each run divided by the one of its pair that was loaded first."""
    import pandas as pd

    pairs = frame[frame["other_trace_id"] < frame["trace_id"]]
    rows = []
    for pair in pairs.itertuples():
        run = theme.run_label(pair.trace_name, pair._asdict())
        for column, word in RATIOS.items():
            value = getattr(pair, column)
            rows.append((f"{run} / {pair.other_variant} · {word}", value))
    bars = pd.DataFrame(rows, columns=["what", "times"]).dropna()
    return charts.bars(
        bars,
        label="what",
        part=None,
        value="times",
        axis="times the other variant's",
        title="A model's variants against each other",
    )
