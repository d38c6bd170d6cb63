"""How long each rank of a job waits for the others in its collectives."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import stacked

PARTS = {"waiting for other ranks": ("wait_ns", "#d55e00"), "transfer": ("transfer_ns", "#0072b2")}


def plot(frame: Any) -> Any:
    """Draw stacked bars from rank_skew in ms, one per rank in order, one panel per job."""
    known = frame[frame["wait_ns"].notna()]
    return theme.panels([_panel(ranks) for _, ranks in known.groupby("job", sort=True)])


def _panel(ranks: Any) -> Any:
    ranks = ranks.sort_values("rank")
    labels = "rank " + ranks["rank"].astype(int).astype(str)
    return stacked(
        labels,
        {part: ranks[column] / 1e6 for part, (column, _) in PARTS.items()},
        axis="time in collectives (ms)",
        title="How long each rank waits for the others",
        known={part: colour for part, (_, colour) in PARTS.items()},
    )
