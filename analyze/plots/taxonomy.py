"""Parameters of each component, model by model."""

from typing import Any

from analyze.plots import shape, theme

MOST_COMPONENTS = 7


def plot(frame: Any) -> Any:
    """Stacked bars of taxonomy in billions of parameters, one a model, the largest first."""
    rows = frame[frame["parameter_count"].notna() & frame["model"].notna()]
    rows = rows.drop_duplicates(["model", "component", "parameter_count"]).copy()
    rows = rows.sort_values("parameter_count").drop_duplicates(["model", "component"], keep="last")
    if rows.empty:
        return None
    rows["billion"] = rows["parameter_count"].astype(float) / 1e9
    weight = rows.groupby("component")["billion"].sum().sort_values(ascending=False)
    named = list(weight.index[:MOST_COMPONENTS])
    rows["part"] = rows["component"].where(rows["component"].isin(named), "other")
    size = rows.groupby("model")["billion"].transform("sum")
    return shape.bars(
        rows.assign(size=size).sort_values("size", ascending=False, kind="stable"),
        label="model",
        part="part",
        value="billion",
        axis="parameters read, billions (components may share them)",
        title="Parameters by component",
        known=dict(zip(named, theme.OKABE_ITO, strict=False)) | {"other": theme.GREY},
    )
