"""Time of a whole request by component of the pipeline: one panel per model."""

from typing import Any

from genscope.analyze.plots import charts, theme
from genscope.errors import UserError

MAX_COMPONENTS = 7
MAX_PANELS = 12


def plot(frame: Any) -> Any:
    """Draw stacked bars from stage_time in % of the request; small components become 'other'.

    A model with one component has no panel: its bar would always be full. Raises UserError if none is left.
    """
    rows = frame[frame["request_frac"].notna()].copy()
    if rows.empty:
        return None
    rows["run"] = theme.run_labels(rows)
    # a trace without a manifest says no model
    models = rows["model"].fillna(rows["trace_name"])
    groups = [
        (str(model), mine)
        for model, mine in rows.groupby(models, sort=True)
        if mine["component"].nunique() > 1
    ]
    if not groups:
        raise UserError("one component takes all of the time; see the table")
    return theme.panels([_panel(*group) for group in groups[:MAX_PANELS]])


def _panel(model: str, rows: Any) -> Any:
    weight = rows.groupby("component")["request_frac"].sum().sort_values(ascending=False)
    named = [name for name in weight.index if name != "unattributed"][:MAX_COMPONENTS]
    part = rows["component"].where(rows["component"].isin([*named, "unattributed"]), "other")
    known = dict(zip(named, theme.OKABE_ITO, strict=False))
    return charts.bars(
        rows.assign(part=part, percent=100 * rows["request_frac"]).sort_values(
            "trace_id", kind="stable"
        ),
        label="run",
        part="part",
        value="percent",
        axis="share of the request's time (%)",
        title=f"{model}: time by component",
        known=known | {"other": theme.GREY, "unattributed": theme.BLACK},
    )
