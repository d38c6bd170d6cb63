"""The operators inside replayed CUDA graphs."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_TRACES = 6
MAX_OPERATORS = 10


def plot(frame: Any) -> Any:
    """Draw bars from graph_operator in ms, one panel for each trace that replays longest."""
    rows = frame[frame["kernel_ns"] > 0]
    total = rows.groupby("trace_id")["kernel_ns"].sum().sort_values(ascending=False)
    return theme.panels(
        [_panel(rows[rows["trace_id"] == trace]) for trace in total.index[:MAX_TRACES]]
    )


def _panel(rows: Any) -> Any:
    top = rows.sort_values("kernel_ns", ascending=False, kind="stable").head(MAX_OPERATORS).copy()
    top["ms"] = top["kernel_ns"] / 1e6
    top["operator"] = [
        f"{number}. {theme.shorten(name, 50)}"
        for number, name in enumerate(top["op_name"], start=1)
    ]
    return charts.bars(
        top,
        label="operator",
        part=None,
        value="ms",
        axis="time of kernels (ms)",
        title=f"{top.iloc[0]['trace_name']}: operators inside replayed graphs",
    )
