"""Parameters of each component of each model."""

from typing import Any

from genscope.analyze.plots import charts, theme
from genscope.errors import UserError


def plot(frame: Any) -> Any:
    """Draw one bar per component from taxonomy; they aren't stacked, as components may share parameters.

    Raises UserError if no trace of a named model has a count.
    """
    rows = frame[frame["parameter_count"].notna() & frame["model"].notna()]
    rows = rows.sort_values("parameter_count").drop_duplicates(["model", "component"], keep="last")
    if rows.empty:
        raise UserError("no manifest says how many parameters there are; see the table")
    largest = rows.groupby("model")["parameter_count"].transform("max")
    rows = rows.assign(
        largest=largest,
        row=rows["model"] + " · " + rows["component"],
        billion=rows["parameter_count"].astype(float) / 1e9,
    ).sort_values(
        ["largest", "model", "parameter_count"], ascending=[False, True, False], kind="stable"
    )
    models = list(dict.fromkeys(rows["model"]))
    return charts.bars(
        rows,
        label="row",
        part="model",
        value="billion",
        axis="parameters read (billions; components may share them)",
        title="Parameters by component",
        known=theme.colours(models),
    )
