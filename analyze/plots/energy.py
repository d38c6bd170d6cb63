"""How many joules each recording took, by GPU."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import gpu_labels, stacked

PARTS = {"energy": theme.OKABE_ITO[0]}


def plot(frame: Any) -> Any:
    """Draw bars from energy in joules, one per trace and GPU whose energy is known, the largest first."""
    runs = frame[(frame["scope"] == "profile") & (frame["energy_j"].notna())]
    runs = runs.sort_values("energy_j", ascending=False, kind="stable")
    if runs.empty:
        return None
    return stacked(
        gpu_labels(runs),
        {"energy": runs["energy_j"]},
        axis="energy of the recording (J)",
        title="Energy of the recording",
        known=PARTS,
    )
