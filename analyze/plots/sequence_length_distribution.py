"""Sequence lengths of each run: the share of calls and of time for each length."""

from math import log2
from typing import Any

from genscope.analyze.plots import charts, theme

UNKNOWN = "unknown"


def plot(frame: Any) -> Any:
    """Draw two stacked bars per run: calls and time of a whole request, by query length, unknown ones last."""
    import pandas as pd

    measured = frame.groupby("trace_id")["query_len"].transform("count") > 0
    rows = frame[measured].sort_values(
        ["model", "image_size", "attention", "trace_id"], kind="stable"
    )
    if rows.empty:
        return None
    names = rows["trace_name"]
    timed_runs = theme.run_labels(rows)
    counted = pd.DataFrame(
        {
            "run": names + " · calls",
            "length": rows["query_len"],
            "percent": 100 * rows["request_call_frac"],
            "order": rows.groupby("trace_id", sort=False).ngroup(),
        }
    )
    timed = counted.assign(run=timed_runs + " · time", percent=100 * rows["request_core_frac"])
    both = pd.concat([counted, timed]).sort_values("order", kind="stable")
    both["bucket"] = both["length"].map(_bucket)
    lengths = sorted(set(both["length"].dropna().map(lambda length: int(log2(length)))))
    colours = zip(map(_name, lengths), theme.sequential_palette(len(lengths)), strict=True)
    return charts.bars(
        both,
        label="run",
        part="bucket",
        value="percent",
        axis="share of the request's attention calls or time (%)",
        title="Attention calls and time by query length",
        known={**dict(colours), UNKNOWN: theme.GREY},
    )


def _bucket(length: float) -> str:
    return _name(int(log2(length))) if length > 0 else UNKNOWN


def _name(power: int) -> str:
    low, high = 2**power, 2 ** (power + 1) - 1
    return str(low) if low == high else f"{low} to {high}"
