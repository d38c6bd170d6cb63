"""Speedup from another attention backend over repeated measurements: the median and its confidence interval."""

from typing import Any

from genscope.analyze.plots import charts

MAX_ROWS = 24


def plot(frame: Any) -> Any:
    """Draw the median and the interval of each row of flash_speedup_interval, largest speedup first."""
    rows = frame.sort_values("speedup", ascending=False, kind="stable").head(MAX_ROWS)
    names = [
        f"{name} · {quantity} ({before} + {after} measurements, {100 * sure:.0f} %)"
        for name, quantity, before, after, sure in zip(
            rows["trace_name"],
            rows["quantity"].str.replace("_", " "),
            rows["baseline_count"],
            rows["optimized_count"],
            rows["confidence_frac"],
            strict=True,
        )
    ]
    return charts.ranges(
        rows.assign(row=names),
        label="row",
        low="speedup_low",
        middle="speedup",
        high="speedup_high",
        axis="speedup over the baseline",
        title="Speedup from another attention backend with its confidence interval",
    )
