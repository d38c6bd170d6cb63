"""How much of the devices' peak each component's FLOPs use."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_TRACES = 6


def plot(frame: Any) -> Any:
    """Draw bars from mfu in %, one panel per trace: its components while kernels run, then the whole."""
    rows = frame[(frame["scope"] == "profile") & frame["busy_mfu"].notna()]
    total = rows.groupby("trace_id")["work_ns"].max().sort_values(ascending=False)
    return theme.panels(
        [_panel(rows[rows["trace_id"] == trace]) for trace in total.index[:MAX_TRACES]]
    )


def _panel(rows: Any) -> Any:
    import pandas as pd

    first = rows.iloc[0]
    bars = [
        ("all, while kernels run" if name == "all" else name, 100 * share)
        for name, share in zip(rows["component"], rows["busy_mfu"], strict=True)
    ]
    bars += [("all, idle time included", 100 * share) for share in rows["mfu"].dropna()]
    run = theme.run_label(first["trace_name"], first)
    return charts.bars(
        pd.DataFrame(bars, columns=["component", "share"]),
        label="component",
        part=None,
        value="share",
        axis="model FLOPs utilization (% of the peak)",
        title=f"{run}: utilization of the peak",
    )
