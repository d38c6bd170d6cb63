"""FLOPs of one attention call within frames and over frames, by number of frames."""

from typing import Any

from analyze.plots import shape, theme

MOST_PANELS = 3
MOST_LENGTHS = 3


def plot(frame: Any) -> Any:
    """Lines of frame_scaling on log axes, a panel a model; a pair crosses where frames = H * W."""
    models = frame["model"].fillna(frame["trace_name"])
    chosen = [_panel(str(model), rows) for model, rows in frame.groupby(models, sort=False)]
    return theme.panels(chosen[:MOST_PANELS])


def _panel(model: str, rows: Any) -> Any:
    import pandas as pd

    first = rows[rows["trace_id"] == rows["trace_id"].iloc[0]]
    lengths = sorted(first["spatial_len"].unique())[-MOST_LENGTHS:]
    first = first[first["spatial_len"].isin(lengths)].sort_values("spatial_len")
    first = first.drop_duplicates(["spatial_len", "frames"])
    long = pd.concat(
        [
            pd.DataFrame(
                {
                    "frames": first["frames"],
                    "gflop": first[f"{kind}_flops"] / 1e9,
                    "series": [f"{kind}, H·W = {length}" for length in first["spatial_len"]],
                }
            )
            for kind in ("spatial", "temporal")
        ]
    )
    return shape.lines(
        long,
        x="frames",
        y="gflop",
        series="series",
        axes=shape.Axes("frames", "FLOPs of one call, GFLOP", log_x=True, log_y=True),
        title=f"{model}: FLOPs by number of frames",
    )
