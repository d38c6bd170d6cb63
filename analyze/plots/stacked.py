"""Stacked bars of a wide table: what stands in several columns of a row becomes the parts of its bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genscope.analyze.plots import charts


def stacked(
    labels: Any, parts: Mapping[str, Any], *, axis: str, title: str, known: dict[str, str]
) -> Any:
    """Draw a bar per label, the first on top, of the values of `parts`; charts.bars draws them.

    `labels` and each part are pandas Series of equal length. `known` gives the parts' colours and order.
    """
    import pandas as pd

    rows = [
        pd.DataFrame({"label": labels, "part": part, "value": values})
        for part, values in parts.items()
    ]
    return charts.bars(
        pd.concat(rows),
        label="label",
        part="part",
        value="value",
        axis=axis,
        title=title,
        known=known,
    )


def gpu_labels(gpus: Any) -> Any:
    """The trace's name of each row, with the GPU's number where a trace has several."""
    several = gpus["trace_id"].duplicated(keep=False)
    return gpus["trace_name"].where(
        ~several, gpus["trace_name"] + " · GPU " + gpus["device_id"].astype(str)
    )
