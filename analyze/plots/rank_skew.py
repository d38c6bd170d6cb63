"""How long each rank of a job waits for the others in its collectives."""

from typing import Any

from genscope.analyze.plots import charts, theme

PARTS = {"waiting for other ranks": ("wait_ns", "#d55e00"), "transfer": ("transfer_ns", "#0072b2")}


def plot(frame: Any) -> Any:
    """Draw stacked bars from rank_skew in ms, one per rank in order, one panel per job."""
    known = frame[frame["wait_ns"].notna()]
    return theme.panels([_panel(ranks) for _, ranks in known.groupby("job", sort=True)])


def _panel(ranks: Any) -> Any:
    import pandas as pd

    ranks = ranks.sort_values("rank")
    labels = "rank " + ranks["rank"].astype(int).astype(str)
    return charts.bars(
        pd.concat(
            [
                pd.DataFrame({"rank": labels, "part": part, "ms": ranks[column] / 1e6})
                for part, (column, _) in PARTS.items()
            ]
        ),
        label="rank",
        part="part",
        value="ms",
        axis="time in collectives (ms)",
        title="How long each rank waits for the others",
        known={part: colour for part, (_, colour) in PARTS.items()},
    )
