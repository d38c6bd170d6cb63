"""Time won and lost, class by class, when a run's attention is replaced."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_PANELS = 4
SMALLEST_SHARE = 0.002


def plot(frame: Any) -> Any:
    """One panel a pair from operator_shift: change in ms, left of zero is time won; slower runs first."""
    core = frame[(frame["attention_partition"] == "core") & (frame["scope"] == "request")]
    total = core.groupby("trace_id")["change_ns"].sum()
    order = sorted(total.index, key=lambda trace: (total[trace] <= 0, -abs(total[trace])))
    return theme.panels([_panel(core[core["trace_id"] == trace]) for trace in order[:MAX_PANELS]])


def _panel(pair: Any) -> Any:
    rows = pair.sort_values("change_ns").copy()
    rows["class"] = rows["category"].map(theme.fold_category)
    rows["ms"] = rows["change_ns"] / 1e6
    first = rows.iloc[0]
    total = rows["ms"].sum()
    rows = rows[rows["ms"].abs() >= SMALLEST_SHARE * rows["ms"].abs().max()]
    shown = f"{abs(total):.3g} ms" if abs(total) < 1000 else f"{abs(total) / 1000:.3g} s"
    verdict = "slower" if total > 0 else "faster"
    run = theme.run_label(first["trace_name"], first["predicted"])
    return charts.bars(
        rows,
        label="category",
        part="class",
        value="ms",
        axis="change of a whole request against the baseline, ms (negative: won)",
        title=f"{run}: {shown} {verdict}",
        known=theme.CLASS_COLOUR,
    )
