"""Attention time by kind: how much of a run each kind of attention takes."""

from typing import Any

from analyze.plots import shape, theme


def plot(frame: Any) -> Any:
    """Stacked bars of attention_split, one a run and component, as a share of the run."""
    rows = frame[frame["core_frac"].notna()].copy()
    rows["row"] = [
        f"{theme.run_label(name, predicted)} · {component}"
        for name, predicted, component in zip(
            rows["trace_name"], rows["predicted"], rows["component"], strict=True
        )
    ]
    rows["percent"] = 100 * rows["core_frac"]
    rows["kind"] = rows["attention_kind"].fillna("unattributed")
    return shape.bars(
        rows,
        label="row",
        part="kind",
        value="percent",
        axis="attention core, % of the run's time",
        title="Attention time by kind",
        known=theme.KIND_COLOUR,
    )
