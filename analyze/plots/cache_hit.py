"""Cache hit rates by operator, category and attention kind."""

from typing import Any

from genscope.analyze.plots import charts

COLOUR = {"L1": "#0072b2", "L1, by time": "#56b4e9", "L2": "#d55e00", "L2, by time": "#e69f00"}
FIELD = {
    "L1": "l1_hit_frac",
    "L1, by time": "l1_hit_time_frac",
    "L2": "l2_hit_frac",
    "L2, by time": "l2_hit_time_frac",
}
MAX_ROWS = 16


def plot(frame: Any) -> Any:
    """Draw one bar per cache and weight for the operators in cache_hit with the most kernels.

    Hit rates are weighted by sectors and, if there is a timeline, by the kernels' time.
    """
    import pandas as pd

    rows = []
    top = frame.sort_values("kernel_count", ascending=False, kind="stable").head(MAX_ROWS)
    for _, group in top.iterrows():
        name = f"{group['op_name']} ({group['category']}, {group['attention_kind']})"
        if frame["trace_name"].nunique() > 1:
            name = f"{group['trace_name']} · {name}"
        for cache, field in FIELD.items():
            if pd.notna(group[field]):
                rows.append((f"{name} · {cache}", cache, 100 * group[field]))
    if not rows:
        return None
    return charts.bars(
        pd.DataFrame(rows, columns=["row", "cache", "percent"]),
        label="row",
        part="cache",
        value="percent",
        axis="hit rate (%), weighted by sectors or by time",
        title="Cache hit rates",
        known=COLOUR,
    )
