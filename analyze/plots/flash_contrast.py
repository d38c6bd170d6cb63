"""How much more diffusion models gain from fused attention than models of other families."""

from typing import Any

from genscope.analyze.plots import charts, theme

COLOUR = {"of attention": "#d55e00", "end to end": "#0072b2"}
MAX_PAIRS = 8


def plot(frame: Any) -> Any:
    """Draw two bars per pair of models from flash_contrast, attention as core, for the largest ratio."""
    import pandas as pd

    core = frame[(frame["attention_partition"] == "core") & (frame["scope"] == "request")]
    core = core.sort_values("attention_ratio", ascending=False)
    core = core.drop_duplicates(["model", "other_model"]).head(MAX_PAIRS)
    rows = []
    for _, pair in core.iterrows():
        name = theme.run_label(f"{pair['model']} / {pair['other_model']}", pair)
        rows.append((f"{name} · of attention", "of attention", pair["attention_ratio"]))
        rows.append((f"{name} · end to end", "end to end", pair["speedup_ratio"]))
    return charts.bars(
        pd.DataFrame(rows, columns=["row", "part", "ratio"]),
        label="row",
        part="part",
        value="ratio",
        axis="speedup of the first model / speedup of the second",
        title="Speedup from another attention backend, model by model",
        known=COLOUR,
    )
