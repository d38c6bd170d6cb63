"""Bytes of the score matrix of each attention call, by query length."""

from typing import Any

from genscope.analyze.plots import charts

MAX_SERIES = 8


def plot(frame: Any) -> Any:
    """Draw points from attention_memory on log axes for the eight runs with the largest matrices."""
    rows = frame.copy()
    rows["mib"] = rows["score_bytes"] / 2**20
    shapes = rows.groupby("trace_name")[["query_len", "mib"]].apply(
        lambda sites: tuple(sorted(map(tuple, sites.to_numpy())))
    )
    rows = rows[rows["trace_name"].isin(shapes.drop_duplicates().index)]
    largest = rows.groupby("trace_name")["mib"].max().sort_values(ascending=False)
    rows = rows[rows["trace_name"].isin(largest.index[:MAX_SERIES])]
    rows["run"] = list(rows["trace_name"])
    return charts.points(
        rows,
        x="query_len",
        y="mib",
        series="run",
        axes=charts.Axes(
            "query length (rows)", "score matrix of one call (MiB)", log_x=True, log_y=True
        ),
        title="Size of the score matrix by query length",
    )
