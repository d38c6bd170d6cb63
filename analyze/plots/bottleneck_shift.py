"""The category that takes the most time, before and after attention is fused."""

from typing import Any

from genscope.analyze.plots import charts, theme


def plot(frame: Any) -> Any:
    """Draw two bars per pair of runs from bottleneck_shift, with attention as core."""
    import pandas as pd

    core = frame[(frame["attention_partition"] == "core") & (frame["scope"] == "request")]
    core = core.sort_values("after_frac", ascending=False)
    rows = []
    for _, pair in core.iterrows():
        run = theme.run_label(pair["trace_name"], pair)
        for when in ("before", "after"):
            category = pair[f"{when}_category"]
            rows.append(
                (f"{run} · {when}", theme.fold_category(category), 100 * pair[f"{when}_frac"])
            )
    return charts.bars(
        pd.DataFrame(rows, columns=["row", "category", "percent"]),
        label="row",
        part="category",
        value="percent",
        axis="largest category (% of the request's time)",
        title="Largest category before and after attention is fused",
        known=theme.CATEGORY_COLOUR,
    )
