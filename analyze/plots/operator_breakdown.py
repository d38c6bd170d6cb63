"""Time by class of operator: two bars a model, before and after, both as shares of the baseline."""

from typing import Any

from genscope.analyze.plots import charts, theme


def plot(frame: Any) -> Any:
    """Stacked bars, one a run, from operator_breakdown, whole requests; the runs of a model stand together."""
    core = frame[(frame["attention_partition"] == "core") & (frame["scope"] == "request")].copy()
    core["run"] = [
        theme.run_label(name, time_source == "predicted")
        for name, time_source in zip(core["trace_name"], core["time_source"], strict=True)
    ]
    core["class"] = core["category"].map(theme.fold_category)
    core["percent"] = 100 * core["baseline_frac"].fillna(core["work_frac"])
    core["group"] = core["model"].fillna("~").astype(str)
    core = core.sort_values(["group", "baseline_trace_id", "trace_id"], kind="stable")
    return charts.bars(
        core,
        label="run",
        part="class",
        value="percent",
        axis="whole request, % of the baseline's time; of its own without one",
        title="Time by class of operator (attention: core)",
        known=theme.CLASS_COLOUR,
    )
