"""Attention over frames against attention within frames: share of time beside share of FLOPs."""

from typing import Any

from analyze.plots import shape, theme

MEASURE = {
    "time, core": "core_ns",
    "FLOPs, core": "core_flops",
    "time, module": "module_ns",
    "FLOPs, module": "module_flops",
}


def plot(frame: Any) -> Any:
    """Four stacked bars a run and component from temporal_spatial, each adding up to 100 %."""
    import pandas as pd

    rows = []
    for _, run in frame.iterrows():
        name = theme.run_label(run["trace_name"], run["predicted"])
        for measure, field in MEASURE.items():
            pair = {kind: run[f"{kind}_{field}"] for kind in ("spatial", "temporal")}
            total = sum(value for value in pair.values() if pd.notna(value))
            if total > 0 and all(pd.notna(value) for value in pair.values()):
                label = f"{name} · {run['component']} · {measure}"
                rows += [(label, kind, 100 * value / total) for kind, value in pair.items()]
    if not rows:
        return None
    return shape.bars(
        pd.DataFrame(rows, columns=["row", "kind", "percent"]),
        label="row",
        part="kind",
        value="percent",
        axis="% of spatial and temporal attention together",
        title="Attention within frames and over frames",
        known=theme.KIND_COLOUR,
    )
