"""Time saved and lost in each category when a run's attention is replaced."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_PANELS = 4
SMALLEST_SHARE = 0.002


def plot(frame: Any) -> Any:
    """Draw the changes in ms from operator_shift, one panel per pair of runs, slower runs first."""
    core = frame[(frame["attention_partition"] == "core") & (frame["scope"] == "request")]
    total = core.groupby("trace_id")["change_ns"].sum()
    order = sorted(total.index, key=lambda trace: (total[trace] <= 0, -abs(total[trace])))
    return theme.panels([_panel(core[core["trace_id"] == trace]) for trace in order[:MAX_PANELS]])


def _panel(pair: Any) -> Any:
    rows = pair.sort_values("change_ns").copy()
    rows["folded"] = rows["category"].map(theme.fold_category)
    rows["ms"] = rows["change_ns"] / 1e6
    first = rows.iloc[0]
    total = rows["ms"].sum()
    rows = rows[rows["ms"].abs() >= SMALLEST_SHARE * rows["ms"].abs().max()]
    verdict = "slower" if total > 0 else "faster"
    run = theme.run_label(first["trace_name"], first)
    return charts.bars(
        rows,
        label="category",
        part="folded",
        value="ms",
        axis="change from the baseline per request (ms; negative is faster)",
        title=f"{run}: {charts.duration(abs(total))} {verdict}",
        known=theme.CATEGORY_COLOUR,
    )
