"""FLOPs of the forward pass, block by block, in the order in which the blocks run."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_PANELS = 9
MAX_BLOCKS = 24
SMALLEST_SHARE = 0.002


def plot(frame: Any) -> Any:
    """Draw stacked bars from forward_flops, one panel per model, for its component with most FLOPs."""
    known = frame[frame["flops"] > 0]
    if known.empty:
        return None
    models = known["model"].fillna(known["trace_name"])
    found = []
    for _, rows in known.groupby(models, sort=False):
        total = rows.groupby(["trace_id", "component"])["flops"].sum()
        trace, component = total.idxmax()
        chosen = rows[(rows["trace_id"] == trace) & (rows["component"] == component)]
        found.append((total.max(), _panel(f"{chosen['trace_name'].iloc[0]} · {component}", chosen)))
    found.sort(key=lambda item: -item[0])
    return theme.panels([panel for _, panel in found[:MAX_PANELS]])


def _panel(title: str, rows: Any) -> Any:
    import pandas as pd

    rows = rows[rows["flops_frac"] >= SMALLEST_SHARE]
    blocks = [
        block.removeprefix(f"{component}.")
        for block, component in zip(rows["block"], rows["component"], strict=True)
    ]
    rows = rows.assign(block=blocks)
    rows = rows.sort_values("block_index").head(MAX_BLOCKS)
    size, unit = (1e12, "TFLOP") if rows["flops"].max() >= 1e13 else (1e9, "GFLOP")
    named = {name: rows[f"{name}_flops"] for name in ("attention", "convolution", "linear")}
    named["other"] = rows["flops"] - sum(named.values())
    long = pd.concat(
        [
            pd.DataFrame({"block": rows["block"], "category": name, "amount": flops / size})
            for name, flops in named.items()
        ]
    )
    return charts.bars(
        long,
        label="block",
        part="category",
        value="amount",
        axis=f"FLOPs of all profiled calls ({unit})",
        title=title,
        known=theme.CATEGORY_COLOUR,
    )
