"""Devices per parameter and memory in use for each class of models, relative to LLMs."""

from typing import Any

from genscope.analyze.plots import charts

COLOUR = {"devices per parameter": "#0072b2", "memory in use": "#e69f00"}


def plot(frame: Any) -> Any:
    """Draw two bars per class of models from fleet, as ratios to the class 'llm'."""
    import pandas as pd

    rows = []
    for _, group in frame.iterrows():
        for part, field in zip(COLOUR, ("gpus_ratio", "memory_ratio"), strict=True):
            if pd.notna(group[field]):
                rows.append((f"{group['model_class']} · {part}", part, group[field]))
    if not rows:
        return None
    return charts.bars(
        pd.DataFrame(rows, columns=["row", "part", "ratio"]),
        label="row",
        part="part",
        value="ratio",
        axis="ratio to LLMs",
        title="Devices and memory relative to LLMs",
        known=COLOUR,
    )
