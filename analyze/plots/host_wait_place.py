"""What makes the host wait: the calls, with the operator or Python line around them."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.host_wait_sum import STATES, parts_of
from genscope.analyze.plots.stacked import stacked

MAX_TRACES = 6
MAX_PLACES = 8


def plot(frame: Any) -> Any:
    """Draw bars from host_wait_place in ms, one panel for each trace that waits longest."""
    waits = frame[frame["kind"].isin(["explicit", "copy"]) & (frame["wait_ns"] > 0)]
    total = waits.groupby("trace_id")["wait_ns"].sum().sort_values(ascending=False)
    return theme.panels(
        [_panel(waits[waits["trace_id"] == trace]) for trace in total.index[:MAX_TRACES]]
    )


def _panel(waits: Any) -> Any:
    import pandas as pd

    top = waits.sort_values("wait_ns", ascending=False, kind="stable").head(MAX_PLACES).copy()
    around = top["python_frame"].fillna(top["op_name"])
    top["place"] = [
        f"{number}. {call} "
        + ("outside operators" if pd.isna(name) else f"in {theme.shorten(name, 40)}")
        for number, (call, name) in enumerate(zip(top["call_name"], around, strict=True), start=1)
    ]
    return stacked(
        top["place"],
        parts_of(top),
        axis="time in which the host waits (ms)",
        title=f"{top.iloc[0]['trace_name']}: what makes the host wait",
        known=STATES,
    )
