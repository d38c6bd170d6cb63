"""The traces that a plot shows if there are too many for one plot."""

from __future__ import annotations

import polars as pl

from genscope.analyze.report.finding import Frames, in_requests

# the metrics that decide which traces are drawn
DECIDING = {"operator_breakdown", "flash_speedup"}


def traces_drawn(frames: Frames, limit: int) -> frozenset[int]:
    """Up to `limit` traces: pairs with the largest speedups, then traces with the most device time."""
    breakdown, speedup = frames["operator_breakdown"], frames["flash_speedup"]
    found: list[int] = []
    if not speedup.is_empty():
        pairs = in_requests(speedup).sort("speedup", descending=True, nulls_last=True)
        for row in pairs.iter_rows(named=True):
            pair = [row["baseline_trace_id"], row["trace_id"]]
            new = [number for number in pair if number not in found]
            if len(found) + len(new) <= limit:
                found += new
    if not breakdown.is_empty():
        sums = in_requests(breakdown).group_by("trace_id").agg(pl.col("work_ns").sum())
        longest = sums.sort("work_ns", "trace_id", descending=[True, False])["trace_id"].to_list()
        found += [number for number in longest if number not in found]
    return frozenset(found[:limit])
