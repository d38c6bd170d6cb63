"""The categories in which two traces differ, as bars that add up to the whole difference."""

from typing import Any

from genscope.analyze.plots import charts, theme

SMALLEST_SHARE = 0.002


def plot(frame: Any) -> Any:
    """Draw the differences in ms from trace_comparison, with attention as its core."""
    core = frame[frame["attention_partition"] == "core"]
    whole = core[core["category"] == "all"]
    rows = core[core["category"] != "all"].sort_values("difference_ns").copy()
    rows["folded"] = rows["category"].map(theme.fold_category)
    rows["ms"] = rows["difference_ns"].astype(float) / 1e6
    rows = rows[rows["ms"].abs() > SMALLEST_SHARE * rows["ms"].abs().max()]
    if rows.empty or whole.empty:
        return None
    total = float(whole.iloc[0]["difference_ns"]) / 1e6
    change = (
        f"The second trace takes {charts.duration(abs(total))} {'more' if total > 0 else 'less'}"
    )
    return charts.bars(
        rows,
        label="category",
        part="folded",
        value="ms",
        axis="second trace less the first (ms; negative is faster)",
        title=theme.run_label(change, whole.iloc[0]),
        known=theme.CATEGORY_COLOUR,
    )
