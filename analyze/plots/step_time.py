"""Time of each step: constant for a denoiser, rising for a decoder whose cache grows."""

from typing import Any

from genscope.analyze.plots import charts, theme
from genscope.errors import UserError

MAX_SERIES = 8


def plot(frame: Any) -> Any:
    """Draw lines from step_time: the longest component of each trace, or of each model if there are many traces.

    Raises UserError if no component has two steps.
    """
    rows = frame.copy()
    rows["series"] = theme.run_labels(rows) + " · " + rows["component"]
    rows["ms"] = rows["work_ns"] / 1e6
    # a profiler counts the steps of a training from its start
    rows["step"] -= rows.groupby("trace_id")["step"].transform("min")
    several = rows.groupby("series")["step"].nunique()
    heavy = rows.groupby("series")["ms"].sum()[several[several > 1].index]
    if heavy.empty:
        raise UserError("each component has one step; see the table")
    of_series = rows.drop_duplicates("series").set_index("series")
    whose = of_series["trace_name"]
    if whose.nunique() > MAX_SERIES:
        whose = of_series["model"].fillna(whose)
    heavy = heavy.sort_values(ascending=False)
    chosen = heavy[~whose[heavy.index].duplicated().to_numpy()].head(MAX_SERIES).index
    return charts.lines(
        rows[rows["series"].isin(chosen)],
        x="step",
        y="ms",
        series="series",
        axes=charts.Axes("step, from the first one recorded", "time of the step (ms)", log_y=True),
        title=f"{chosen[0]}: time of each step" if len(chosen) == 1 else "Time of each step",
    )
