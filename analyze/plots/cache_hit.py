"""Cache hit rates by class of kernel and kind of attention."""

from typing import Any

from analyze.plots import shape

COLOUR = {"L1": "#0072b2", "L2": "#e69f00"}
MOST_ROWS = 16


def plot(frame: Any) -> Any:
    """Two bars a class, operator and kind from cache_hit, the most measured kernels first."""
    import pandas as pd

    rows = []
    top = frame.sort_values("kernel_count", ascending=False, kind="stable").head(MOST_ROWS)
    for _, group in top.iterrows():
        name = f"{group['op_name']} ({group['category']}, {group['attention_kind']})"
        for cache, field in (("L1", "l1_hit_frac"), ("L2", "l2_hit_frac")):
            if pd.notna(group[field]):
                rows.append((f"{name} · {cache}", cache, 100 * group[field]))
    if not rows:
        return None
    return shape.bars(
        pd.DataFrame(rows, columns=["row", "cache", "percent"]),
        label="row",
        part="cache",
        value="percent",
        axis="sectors found in the cache, %",
        title="Cache hit rates",
        known=COLOUR,
    )
