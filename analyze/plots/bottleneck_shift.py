"""The class of operator that takes most time, before and after fused attention."""

from typing import Any

from genscope.analyze.plots import charts, theme


def plot(frame: Any) -> Any:
    """Two bars a pair from bottleneck_shift, attention as core: the largest class of each run."""
    import pandas as pd

    core = frame[(frame["attention_partition"] == "core") & (frame["scope"] == "request")]
    core = core.sort_values("after_frac", ascending=False)
    rows = []
    for _, pair in core.iterrows():
        run = theme.run_label(pair["trace_name"], pair["predicted"])
        for when in ("before", "after"):
            category = pair[f"{when}_category"]
            rows.append(
                (f"{run} · {when}", theme.fold_category(category), 100 * pair[f"{when}_frac"])
            )
    return charts.bars(
        pd.DataFrame(rows, columns=["row", "class", "percent"]),
        label="row",
        part="class",
        value="percent",
        axis="largest class, % of the whole request's time",
        title="The largest class before and after",
        known=theme.CLASS_COLOUR,
    )
