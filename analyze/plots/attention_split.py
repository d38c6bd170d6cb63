"""Attention time by kind: the share of a run that each kind of attention takes."""

from typing import Any

from genscope.analyze.plots import charts, theme

SMALLEST_PERCENT = 1.0


def plot(frame: Any) -> Any:
    """Draw stacked bars from attention_split, one per run and component, largest share first.

    Bars under 1 % are left out.
    """
    rows = frame[frame["request_frac"].notna()].copy()
    rows["row"] = theme.run_labels(rows) + " · " + rows["component"]
    rows["percent"] = 100 * rows["request_frac"]
    whole = rows.groupby("row")["percent"].transform("sum")
    rows = rows.assign(whole=whole)[whole >= min(SMALLEST_PERCENT, whole.max())]
    rows = rows.sort_values("whole", ascending=False, kind="stable")
    rows["kind"] = rows["attention_kind"].fillna("unattributed")
    return charts.bars(
        rows,
        label="row",
        part="kind",
        value="percent",
        axis="attention core (% of the request's time)",
        title="Attention time by attention kind",
        known=theme.KIND_COLOUR,
    )
