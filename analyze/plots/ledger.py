"""The share of time that a trace can attribute and classify: the largest gaps first."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_ROWS = 16


def plot(frame: Any) -> Any:
    """Draw stacked bars of known and unknown time from ledger, one per trace and question."""
    rows = frame[frame["work_frac"].notna()].copy()
    if rows.empty:
        return None
    rows["row"] = theme.run_labels(rows) + " · " + rows["question"]
    rows["answer"] = rows["answered"].map({True: "known", False: "unknown"})
    rows["percent"] = 100 * rows["work_frac"]
    gaps = rows[~rows["answered"].astype(bool)].groupby("row")["percent"].sum()
    worst = gaps.sort_values(ascending=False).head(MAX_ROWS).index
    if worst.empty:
        worst = rows["row"].drop_duplicates().head(MAX_ROWS)
    place = {name: number for number, name in enumerate(worst)}
    shown = rows[rows["row"].isin(place)].sort_values("row", key=lambda names: names.map(place))
    return charts.bars(
        shown,
        label="row",
        part="answer",
        value="percent",
        axis="share of the run's time (%)",
        title="Known and unknown work, largest gaps first",
        known=theme.ANSWER_COLOUR,
    )
