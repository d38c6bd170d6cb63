"""The kernels that take the most time: one panel per trace, the longest bar first."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_TRACES = 6
MAX_KERNELS = 12


def plot(frame: Any) -> Any:
    """Draw bars from kernel_summary in ms, coloured by category, for the longest run of each model.

    Traces without kernels show operators.
    """
    heavy = frame.groupby("trace_id")["work_ns"].sum().sort_values(ascending=False)
    models = frame.drop_duplicates("trace_id").set_index("trace_id")
    models = models["model"].fillna(models["trace_name"])[heavy.index]
    chosen = heavy.index[~models.duplicated().to_numpy()]
    return theme.panels(
        [_panel(frame[frame["trace_id"] == trace]) for trace in chosen[:MAX_TRACES]]
    )


def _panel(frame: Any) -> Any:
    top = frame.sort_values("work_ns", ascending=False).head(MAX_KERNELS).copy()
    top["category"] = top["category"].map(theme.fold_category)
    top["ms"] = top["work_ns"] / 1e6
    top["row"] = [
        f"{place}. {theme.shorten(name, 28)}"
        for place, name in enumerate(top["kernel_name"], start=1)
    ]
    first = top.iloc[0]
    run = theme.run_label(first["trace_name"], first)
    return charts.bars(
        top,
        label="row",
        part="category",
        value="ms",
        axis="time (ms)",
        title=f"{run}: kernels with {100 * top['work_frac'].sum():.0f} % of the time",
        known=theme.CATEGORY_COLOUR,
    )
