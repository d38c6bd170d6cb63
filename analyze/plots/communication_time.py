"""How long the collectives of each trace take."""

from typing import Any

from genscope.analyze.plots import charts, theme

COLLECTIVES = {
    name: theme.OKABE_ITO[place]
    for place, name in enumerate(
        ("all_reduce", "all_to_all", "all_gather", "reduce_scatter", "broadcast", "send_recv")
    )
}


def plot(frame: Any) -> Any:
    """Draw stacked bars from communication_time in ms, one per trace, by collective."""
    rows = frame.groupby(["trace_name", "collective"], as_index=False)["kernel_ns"].sum()
    if rows.empty:
        return None
    rows["ms"] = rows["kernel_ns"] / 1e6
    total = rows.groupby("trace_name")["ms"].transform("sum")
    rows["collective"] = rows["collective"].where(rows["collective"].isin(COLLECTIVES), "other")
    order = total.sort_values(ascending=False, kind="stable").index
    return charts.bars(
        rows.loc[order],
        label="trace_name",
        part="collective",
        value="ms",
        axis="time of kernels that communicate (ms)",
        title="Time of collectives",
        known=COLLECTIVES | {"other": theme.GREY},
    )
