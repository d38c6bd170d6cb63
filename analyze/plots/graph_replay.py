"""How much of each CUDA graph's replay is matched with a capture."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import stacked

PARTS = {"matched": "#009e73", "not matched": theme.GREY}
MAX_REPLAYS = 20


def plot(frame: Any) -> Any:
    """Draw stacked bars from graph_replay in ms, one per replay, the longest first."""
    replays = frame[frame["kernel_ns"] > 0].sort_values("kernel_ns", ascending=False, kind="stable")
    replays = replays.head(MAX_REPLAYS)
    if replays.empty:
        return None
    matched = replays["matched_ns"].where(replays["refusal"].isna(), 0).fillna(0)
    parts = (matched / 1e6, (replays["kernel_ns"] - matched) / 1e6)
    return stacked(
        replays["trace_name"] + " · replay " + replays["replay_index"].astype(str),
        dict(zip(PARTS, parts, strict=True)),
        axis="time of kernels (ms)",
        title="How much of each graph's replay is matched with a capture",
        known=PARTS,
    )
