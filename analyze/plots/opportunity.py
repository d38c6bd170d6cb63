"""What each fix would save, as a share of the run, with how sure that is."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.stacked import stacked

MAX_TRACES = 6
MAX_ROWS = 8
PARTS = {
    "saved at least": "#0072b2",
    "estimate, or bound if that is all": "#56b4e9",
    "upper end": "#d0d0d0",
}


def plot(frame: Any) -> Any:
    """Draw bars from opportunity in % of the run, one panel for each trace that can save most."""
    best = frame.groupby("trace_id")["saving_frac"].max().sort_values(ascending=False)
    return theme.panels(
        [_panel(frame[frame["trace_id"] == trace]) for trace in best.index[:MAX_TRACES]]
    )


def _panel(rows: Any) -> Any:
    top = rows.sort_values("place_rank", kind="stable").head(MAX_ROWS).copy()
    places = top["op_name"].fillna(top["component"]).fillna("")
    top["fix"] = [
        f"{rank}. {kind} {theme.shorten(place, 40)}".strip()
        for rank, kind, place in zip(top["place_rank"], top["kind"], places, strict=True)
    ]
    share = {
        name: 100 * top[f"{name}_ns"] / top["run_ns"]
        for name in ("saving", "saving_low", "saving_high")
    }
    values = (
        share["saving_low"],
        share["saving"] - share["saving_low"],
        share["saving_high"] - share["saving"],
    )
    return stacked(
        top["fix"],
        dict(zip(PARTS, values, strict=True)),
        axis="saving, share of the run (%); rows don't add up",
        title=f"{theme.run_label(top.iloc[0]['trace_name'], top.iloc[0])}: what would make it faster",
        known=PARTS,
    )
