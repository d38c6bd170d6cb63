"""How busy SMs, memory and tensor cores were, by component and kind of attention."""

from typing import Any

from genscope.analyze.plots import charts, theme

COLOUR = {"SMs": "#0072b2", "DRAM": "#d55e00", "tensor cores": "#009e73", "kernels": theme.GREY}
PART = {"sm": "SMs", "dram": "DRAM", "tensor_core": "tensor cores"}
MAX_GROUPS = 8


def plot(frame: Any) -> Any:
    """Draw one bar per measure, and one for the time in which kernels ran, for the largest groups."""
    import pandas as pd

    known = frame[frame["use_frac"].notna()]
    keys = ["trace_name", "component", "attention_kind"]
    rows = []
    for place, (key, group) in enumerate(known.groupby(keys, sort=False)):
        if place == MAX_GROUPS:
            break
        trace, component, kind = key
        name = component if kind == "none" else f"{component}, {kind} attention"
        if frame["trace_name"].nunique() > 1:
            name = f"{trace} · {name}"
        shown = [(PART[item["measure"]], item["use_frac"]) for _, item in group.iterrows()]
        shown.append(("kernels", group["kernels_frac"].max()))
        rows += [(f"{name} · {part}", part, 100 * value) for part, value in shown]
    if not rows:
        return None
    return charts.bars(
        pd.DataFrame(rows, columns=["row", "part", "percent"]).drop_duplicates("row"),
        label="row",
        part="part",
        value="percent",
        axis="% of the peak; for kernels, % of the time in which one ran",
        title="How busy SMs, memory and tensor cores were",
        known=COLOUR,
    )
