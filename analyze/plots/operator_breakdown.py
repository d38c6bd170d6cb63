"""Time by category: two bars per model, before and after, both as shares of the baseline."""

from typing import Any

from genscope.analyze.plots import charts, theme


def plot(frame: Any) -> Any:
    """Draw stacked bars from operator_breakdown for whole requests, one per run, grouped by model."""
    core = frame[(frame["attention_partition"] == "core") & (frame["scope"] == "request")].copy()
    core["run"] = theme.run_labels(core)
    core["category"] = core["category"].map(theme.fold_category)
    core["percent"] = 100 * core["baseline_frac"].fillna(core["work_frac"])
    core["group"] = core["model"].fillna("~").astype(str)
    core = core.sort_values(["group", "baseline_trace_id", "trace_id"], kind="stable")
    return charts.bars(
        core,
        label="run",
        part="category",
        value="percent",
        axis="time of a request (% of the baseline's, or of its own)",
        title="Time by category (attention as core)",
        known=theme.CATEGORY_COLOUR,
    )
