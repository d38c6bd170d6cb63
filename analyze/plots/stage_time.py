"""Time by component of the pipeline, in a whole request."""

from typing import Any

from analyze.plots import shape, theme

MOST_COMPONENTS = 7


def plot(frame: Any) -> Any:
    """Stacked bars of stage_time, one a run, in % of its request; small components fold."""
    rows = frame[frame["request_frac"].notna()].copy()
    rows["run"] = [
        theme.run_label(name, place == "predicted")
        for name, place in zip(rows["trace_name"], rows["place"], strict=True)
    ]
    weight = rows.groupby("component")["request_frac"].sum().sort_values(ascending=False)
    named = [name for name in weight.index if name != "unattributed"][:MOST_COMPONENTS]
    rows["part"] = rows["component"].where(
        rows["component"].isin([*named, "unattributed"]), "other"
    )
    rows["percent"] = 100 * rows["request_frac"]
    known = dict(zip(named, theme.OKABE_ITO, strict=False))
    return shape.bars(
        rows.sort_values("trace_id", kind="stable"),
        label="run",
        part="part",
        value="percent",
        axis="% of the whole request's time",
        title="Time by component, in a whole request",
        known=known | {"other": theme.GREY, "unattributed": theme.BLACK},
    )
