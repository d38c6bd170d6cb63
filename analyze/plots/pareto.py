"""Quality by size: models on the Pareto front, and models that another one beats."""

from typing import Any

from genscope.analyze.plots import charts, theme

COLOUR = {"on the front": "#0072b2", "beaten": theme.GREY}


def plot(frame: Any) -> Any:
    """Draw points from pareto, one panel per quality measure; the front is a line."""
    return theme.panels(
        [
            _panel(str(measure), rows)
            for measure, rows in frame.groupby("quality_measure", sort=False)
        ]
    )


def _panel(measure: str, rows: Any) -> Any:
    rows = rows.assign(
        billion=rows["parameter_count"].astype(float) / 1e9,
        place=rows["on_front"].map({True: "on the front", False: "beaten"}),
    )
    front = rows[rows["on_front"]].sort_values("billion")
    return charts.points(
        rows,
        x="billion",
        y="quality",
        series="place",
        axes=charts.Axes("parameters (billions)", f"{measure} (lower is better)", log_x=True),
        title=f"{measure} by model size",
        known=COLOUR,
        ceilings={"front": list(zip(front["billion"], front["quality"], strict=True))},
    )
