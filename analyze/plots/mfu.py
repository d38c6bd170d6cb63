"""How much of the devices' peak each component's FLOPs use."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_TRACES = 6


def plot(frame: Any) -> Any:
    """Draw bars from mfu in %, one panel per trace: its components while kernels run, then the whole.

    Where the FLOPs of less than half of the time are known, the label says so: the bar is too short.
    """
    rows = frame[(frame["scope"] == "profile") & frame["busy_mfu"].notna()]
    total = rows.groupby("trace_id")["work_ns"].max().sort_values(ascending=False)
    return theme.panels(
        [_panel(rows[rows["trace_id"] == trace]) for trace in total.index[:MAX_TRACES]]
    )


def _panel(rows: Any) -> Any:
    import pandas as pd

    first = rows.iloc[0]
    mark = rows["costed_frac"].lt(charts.LEAST_COSTED_FRAC).map({True: charts.PARTLY, False: ""})
    names = rows["component"].replace("all", "all, while kernels run") + mark
    bars = list(zip(names, 100 * rows["busy_mfu"], strict=True))
    whole = rows["mfu"].notna()
    bars += zip("all, idle time included" + mark[whole], 100 * rows["mfu"][whole], strict=True)
    run = theme.run_label(first["trace_name"], first)
    return charts.bars(
        pd.DataFrame(bars, columns=["component", "share"]),
        label="component",
        part=None,
        value="share",
        axis="model FLOPs utilization (% of the peak)",
        title=f"{run}: utilization of the peak",
    )
