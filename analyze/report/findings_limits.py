"""Findings on what limits a run: the fix of each trace that would save most, and idle devices."""

from __future__ import annotations

import polars as pl

from genscope.analyze.report.finding import Finding, Frames, Row, limited, time
from genscope.analyze.report.format import percent


def opportunities(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    best = frame.filter(pl.col("place_rank") == 1).sort("saving_frac", descending=True)
    return limited(
        [
            Finding(
                f"{row['trace_name']}: {row['what']}. {_saving(row)}",
                "opportunity",
                (row["trace_id"],),
                bool(row["predicted"]),
            )
            for row in best.iter_rows(named=True)
        ],
        "more traces could be made faster by 1 % or more",
    )


def _saving(row: Row) -> str:
    bound = "at most" if row["certainty"] == "at_most" else "about"
    return (
        f"A fix saves {bound} {time(row['saving_ns'])} ({percent(row['saving_frac'])} of the run)."
    )


def idle(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    said = pl.col("idle_refusal").is_null()
    used = frame.filter((pl.col("gpu_span_ns") > 0) & said).with_columns(
        (pl.col("gpu_idle_ns") / pl.col("gpu_span_ns")).alias("idle_frac")
    )
    rows = used.filter(pl.col("idle_frac") > 0.1).sort("idle_frac", descending=True)
    return limited(
        [
            Finding(
                f"The GPU of {row['trace_name']} is idle for {percent(row['idle_frac'])} of "
                f"{time(row['gpu_span_ns'])}.",
                "gpu_time",
                (row["trace_id"],),
            )
            for row in rows.iter_rows(named=True)
        ],
        "more traces have a GPU that is idle for over 10 % of the time",
        limit=3,
    )
