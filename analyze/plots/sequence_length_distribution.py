"""Sequence lengths of each run: the share of calls and of time for each length."""

from math import log2
from typing import Any

from genscope.analyze.plots import charts, theme


def plot(frame: Any) -> Any:
    """Draw two stacked bars per run: calls and time of a whole request, by query length."""
    import pandas as pd

    known = frame[frame["query_len"].notna()].sort_values(
        ["model", "image_size", "attention", "trace_id"], kind="stable"
    )
    if known.empty:
        return None
    names = known["trace_name"]
    timed_runs = theme.run_labels(known)
    counted = pd.DataFrame(
        {
            "run": names + " · calls",
            "length": known["query_len"],
            "percent": 100 * known["request_call_frac"],
            "order": known.groupby("trace_id", sort=False).ngroup(),
        }
    )
    timed = counted.assign(run=timed_runs + " · time", percent=100 * known["request_frac"])
    both = pd.concat([counted, timed]).sort_values("order", kind="stable")
    both["bucket"] = both["length"].map(_bucket)
    lengths = sorted(set(both["length"].map(lambda length: int(log2(length)))))
    return charts.bars(
        both,
        label="run",
        part="bucket",
        value="percent",
        axis="share of the request's attention calls or time (%)",
        title="Attention calls and time by query length",
        known=dict(zip(map(_name, lengths), theme.sequential_palette(len(lengths)), strict=True)),
    )


def _bucket(length: float) -> str:
    return _name(int(log2(length)))


def _name(power: int) -> str:
    low, high = 2**power, 2 ** (power + 1) - 1
    return str(low) if low == high else f"{low} to {high}"
