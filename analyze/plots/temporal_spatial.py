"""Temporal attention (across frames) and spatial attention (within frames): shares of time and FLOPs."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_PANELS = 6
MEASURE = {
    "time, core": "core_ns",
    "FLOPs, core": "core_flops",
    "time, module": "module_ns",
    "FLOPs, module": "module_flops",
}


def plot(frame: Any) -> Any:
    """Draw one panel per run and component from temporal_spatial: four stacked bars of 100 %."""
    chosen = frame.sort_values("temporal_core_frac", ascending=False)
    found = [_panel(run) for _, run in chosen.iterrows()]
    drawn = [panel for panel in found if panel is not None]
    return theme.panels(drawn[:MAX_PANELS]) if drawn else None


def _panel(run: Any) -> Any:
    import pandas as pd

    rows = []
    for measure, field in MEASURE.items():
        pair = {kind: run[f"{kind}_{field}"] for kind in ("spatial", "temporal")}
        if any(pd.isna(value) for value in pair.values()) or not sum(pair.values()):
            continue
        rows += [(measure, kind, 100 * value / sum(pair.values())) for kind, value in pair.items()]
    if not rows:
        return None
    return charts.bars(
        pd.DataFrame(rows, columns=["row", "kind", "percent"]),
        label="row",
        part="kind",
        value="percent",
        axis="share of spatial and temporal attention (%)",
        title=f"{theme.run_label(run['trace_name'], run)} · {run['component']}",
        known=theme.KIND_COLOUR,
    )
