"""Shares of the categories for each family of models."""

from typing import Any

from genscope.analyze.plots import charts, theme


def plot(frame: Any) -> Any:
    """Draw stacked bars from family_contrast, one per family and attention, attention as core."""
    core = frame[(frame["attention_partition"] == "core") & (frame["scope"] == "request")].copy()
    several = core["device_name"].nunique() > 1
    core["group"] = [
        theme.run_label(f"{group}, {attention}" + (f", {device}" if several else ""), row)
        for group, attention, device, row in zip(
            core["model_group"],
            core["attention"].fillna("unknown"),
            core["device_name"].fillna("unknown device"),
            core.to_dict("records"),
            strict=True,
        )
    ]
    core["category"] = core["category"].map(theme.fold_category)
    core["percent"] = 100 * core["mean_frac"]
    return charts.bars(
        core.sort_values("group", kind="stable"),
        label="group",
        part="category",
        value="percent",
        axis="share of the request's time (%, mean over runs)",
        title="Time by category and family of models",
        known=theme.CATEGORY_COLOUR,
    )
