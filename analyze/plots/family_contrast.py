"""Shares of the classes of operators, family of models by family."""

from typing import Any

from genscope.analyze.plots import charts, theme


def plot(frame: Any) -> Any:
    """Stacked bars of family_contrast, one a family and attention, attention as core."""
    core = frame[(frame["attention_partition"] == "core") & (frame["scope"] == "request")].copy()
    several = core["device_name"].nunique() > 1
    core["group"] = [
        theme.run_label(f"{group}, {attention}" + (f", {device}" if several else ""), predicted)
        for group, attention, device, predicted in zip(
            core["model_group"],
            core["attention"].fillna("unknown"),
            core["device_name"].fillna("unknown device"),
            core["predicted"],
            strict=True,
        )
    ]
    core["class"] = core["category"].map(theme.fold_category)
    core["percent"] = 100 * core["mean_frac"]
    return charts.bars(
        core.sort_values("group", kind="stable"),
        label="group",
        part="class",
        value="percent",
        axis="% of a whole request, mean over the runs",
        title="Classes of operators by family of models",
        known=theme.CLASS_COLOUR,
    )
