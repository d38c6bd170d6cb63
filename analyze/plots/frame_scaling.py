"""FLOPs and time of spatial and temporal attention calls, by number of frames."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_PANELS = 3
MAX_LENGTHS = 3
KINDS = ("spatial", "temporal")


def plot(frame: Any) -> Any:
    """Draw lines on log axes: FLOPs of each model, then times of models run at several lengths.

    A pair of FLOPs lines crosses where frames = H * W.
    """
    models = frame["model"].fillna(frame["trace_name"])
    found = [_flops(str(model), rows) for model, rows in frame.groupby(models, sort=False)]
    found = found[:MAX_PANELS]
    recorded = frame[frame["recorded"] & frame["spatial_call_ns"].notna()]
    keys = [models[recorded.index], recorded["attention"].fillna("unknown")]
    for (model, attention), rows in recorded.groupby(keys, sort=False):
        if rows["frames"].nunique() > 1:
            run = theme.run_label(f"{model} · {attention}", theme.least_sure(rows))
            found.append(_times(run, rows))
    return theme.panels(found)


def _flops(model: str, rows: Any) -> Any:
    first = rows[rows["trace_id"] == rows["trace_id"].iloc[0]]
    return charts.lines(
        _long(first, "flops", 1e9),
        x="frames",
        y="value",
        series="series",
        axes=charts.Axes("frames", "FLOPs of one call (GFLOP)", log_x=True, log_y=True),
        title=f"{model}: FLOPs by number of frames",
    )


def _times(run: str, rows: Any) -> Any:
    return charts.lines(
        _long(rows, "call_ns", 1e6),
        x="frames",
        y="value",
        series="series",
        axes=charts.Axes("frames", "time of one call (ms)", log_x=True, log_y=True),
        title=f"{run}: time by number of frames",
    )


def _long(rows: Any, measure: str, unit: float) -> Any:
    """The measure for both kinds, one row each, for the longest spatial lengths.

    Several attention modules have the same length; we draw the same one for every number of frames.
    """
    import pandas as pd

    lengths = sorted(rows["spatial_len"].unique())[-MAX_LENGTHS:]
    rows = rows[rows["spatial_len"].isin(lengths)]
    rows = rows.sort_values(["spatial_len", "component", "channels"], kind="stable")
    site = rows["component"].astype(str) + " " + rows["channels"].astype(str)
    first = site.groupby(rows["spatial_len"]).transform("first")
    rows = rows[site == first].drop_duplicates(["spatial_len", "frames"])
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "frames": rows["frames"],
                    "value": rows[f"{kind}_{measure}"] / unit,
                    "series": [f"{kind}, H·W = {length}" for length in rows["spatial_len"]],
                }
            )
            for kind in KINDS
        ]
    )
