"""Which ranks of a job, or runs of a model, delay the rest most, and by what."""

from typing import Any

from genscope.analyze.plots import charts, theme

MOST_TRACES = 10
# 'wait' is what a rank waits less than the others, because they wait for it
COLOURS = {
    "compute": "#0072b2",
    "wait": "#d55e00",
    "idle": "#999999",
    "work": "#009e73",
}


def plot(frame: Any) -> Any:
    """Draw bars from rank_outlier in ms: the largest delay of each of ten traces, one panel per group."""
    late = frame[(frame["delay_ns"] > 0) & (frame["place"] <= MOST_TRACES)]
    worst = late.sort_values(["place", "delay_ns"], ascending=[True, False])
    worst = worst.drop_duplicates("trace_id")
    return theme.panels([_panel(rows, job) for job, rows in worst.groupby("job", sort=True)])


def _panel(traces: Any, job: str) -> Any:
    rank = " (rank " + traces["rank"].astype("Int64").astype("string") + ")"
    runs = theme.run_labels(traces)
    title = f"{job}: which traces delay the rest, and by what"
    return delays(traces.assign(label=runs + rank.fillna("")), title)


def delays(late: Any, title: str) -> Any:
    """Draw one bar for each `label`, as long as its delay in ms, in the colour of its measure."""
    return charts.bars(
        late.assign(ms=late["delay_ns"] / 1e6),
        label="label",
        part="measure",
        value="ms",
        axis="delay against the median (ms)",
        title=title,
        known=COLOURS,
    )
