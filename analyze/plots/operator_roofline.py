"""Which matrix products lose most time against the device's peaks."""

import re
from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import stacked

MAX_TRACES = 6
MAX_PRODUCTS = 8
# arguments without a shape, after those with one
_EMPTY = re.compile(r"(,\[\])+\]$")
PARTS = {"attainable at the peaks": "#009e73", "lost": "#d55e00"}


def plot(frame: Any) -> Any:
    """Draw bars from operator_roofline in ms, one panel for each trace that loses most."""
    known = frame[frame["attained_frac"].notna() & (frame["kernel_ns"] > 0)]
    total = known.groupby("trace_id")["lost_ns"].sum().sort_values(ascending=False)
    return theme.panels(
        [_panel(known[known["trace_id"] == trace]) for trace in total.index[:MAX_TRACES]]
    )


def _panel(products: Any) -> Any:
    top = products.sort_values("lost_ns", ascending=False, kind="stable").head(MAX_PRODUCTS).copy()
    names = zip(top["op_name"], top["input_dims"].fillna(""), strict=True)
    top["product"] = [
        f"{number}. {theme.shorten(_product(*named), 50)}"
        for number, named in enumerate(names, start=1)
    ]
    attained = top[["attainable_ns", "kernel_ns"]].min(axis=1)
    parts = dict(zip(PARTS, (attained / 1e6, (top["kernel_ns"] - attained) / 1e6), strict=True))
    return stacked(
        top["product"],
        parts,
        axis="time of kernels (ms)",
        title=f"{theme.run_label(top.iloc[0]['trace_name'], top.iloc[0])}: matrix products against the device's peaks",
        known=PARTS,
    )


def _product(operator: str, shapes: str) -> str:
    return f"{operator} {_EMPTY.sub(']', shapes)}"
