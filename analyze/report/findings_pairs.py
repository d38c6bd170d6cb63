"""Findings from pairs of runs: what fused attention gained, where the time went, what is next."""

from __future__ import annotations

import polars as pl

from genscope.analyze.report.finding import Finding, Frames, Row, in_requests, most_of, pair_of
from genscope.analyze.report.format import duration, figures, joined, percent


def speedups(frame: pl.DataFrame, frames: Frames) -> list[Finding]:
    core = in_requests(frame)
    rows = core.filter(pl.col("speedup").is_not_null()).sort("speedup")
    found = [_slower(row, frames) for row in rows.iter_rows(named=True) if row["speedup"] < 1]
    faster = [_faster(row) for row in rows.reverse().iter_rows(named=True) if row["speedup"] >= 1]
    found += most_of(faster, "more pairs")
    refused = core.filter(pl.col("refusal").is_not_null())
    found += most_of(
        [
            Finding(
                f"{row['trace_name']} is not compared with {row['baseline_trace_name']}: "
                f"{row['refusal']}.",
                "flash_speedup",
                (row["trace_id"], row["baseline_trace_id"]),
            )
            for row in refused.iter_rows(named=True)
        ],
        "more pairs refused",
    )
    return found


def intervals(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """What repeated measurements say of a speedup, and whether they say anything."""
    rows = frame.filter(pl.col("quantity").is_in(["request", "wall"]))
    return most_of(
        [
            Finding(
                f"{row['trace_name']} is {figures(row['speedup'])} times as fast as "
                f"{row['baseline_trace_name']} {_measured_by(row['quantity'])}, between "
                f"{figures(row['speedup_low'])} and {figures(row['speedup_high'])} with "
                f"{percent(row['confidence_frac'])} confidence ({row['baseline_count']} and "
                f"{row['optimized_count']} measurements)"
                + (
                    ": no difference is shown."
                    if row["speedup_low"] <= 1 <= row["speedup_high"]
                    else "."
                ),
                "flash_speedup_interval",
                pair_of(row),
            )
            for row in rows.sort("speedup", descending=True).iter_rows(named=True)
        ],
        "more intervals",
    )


def _measured_by(quantity: str) -> str:
    return "on the clock, without a profiler" if quantity == "wall" else "by the work of a request"


def _faster(row: Row) -> Finding:
    text = (
        f"{row['trace_name']} runs a whole request {figures(row['speedup'])} times as fast as "
        f"{row['baseline_trace_name']} ({duration(row['baseline_ns'])} to "
        f"{duration(row['optimized_ns'])})"
    )
    if row["attention_speedup"] is not None:
        text += (
            f"; its attention core {figures(row['attention_speedup'])} times, and by Amdahl's law "
            f"that is worth {figures(row['predicted_speedup'])} times"
        )
    return Finding(f"{text}.", "flash_speedup", pair_of(row), bool(row["predicted"]))


def _slower(row: Row, frames: Frames) -> Finding:
    text = (
        f"{row['trace_name']} is slower end to end than {row['baseline_trace_name']}: "
        f"{duration(row['optimized_ns'])} against {duration(row['baseline_ns'])}, "
        f"{percent(row['optimized_ns'] / row['baseline_ns'] - 1)} more"
    )
    if row["attention_speedup"] is not None:
        change = row["optimized_attention_ns"] - row["baseline_attention_ns"]
        text += f"; its attention core takes {duration(abs(change))} {_less_or_more(change)}"
    if "operator_shift" in frames:
        text += _gone_to(row["trace_id"], frames["operator_shift"])
    return Finding(f"{text}.", "operator_shift", pair_of(row), bool(row["predicted"]))


def _gone_to(trace: int, shift: pl.DataFrame) -> str:
    """Where the time of a slower run went: its classes that lost, and their extra work items."""
    lost = (
        in_requests(shift)
        .filter(
            pl.col("trace_id") == trace,
            pl.col("change_ns") > 0,
            pl.col("category") != "attention",
        )
        .sort("change_ns", descending=True)
    )
    parts = [
        f"{row['category']} +{duration(row['change_ns'])} "
        f"({row['optimized_count'] - row['baseline_count']:+d} work items)"
        for row in lost.head(3).iter_rows(named=True)
    ]
    return f". The time went to {joined(parts)}" if parts else ""


def bottlenecks(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    core = in_requests(frame).sort(["shifted", "after_frac"], descending=True)
    return most_of(
        [
            Finding(
                f"{row['after_category']} is {percent(row['after_frac'])} of {row['trace_name']}; "
                f"it was {percent(row['after_baseline_frac'])} before"
                + (f", when {row['before_category']} took most." if row["shifted"] else "."),
                "bottleneck_shift",
                pair_of(row),
                bool(row["predicted"]),
            )
            for row in core.iter_rows(named=True)
        ],
        "more pairs",
    )


def contrasts(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """The range of diffusion's gain over other families', of attention and end to end."""
    found = []
    core = in_requests(frame).filter(pl.col("attention_ratio").is_not_null())
    for (family, _), rows in core.group_by(["other_family", "predicted"], maintain_order=True):
        ratios, whole = sorted(rows["attention_ratio"]), sorted(rows["speedup_ratio"])
        found.append(
            Finding(
                f"Flash attention speeds up the attention of diffusion models {figures(ratios[0])} to "
                f"{figures(ratios[-1])} times as much as that of {family} models, end to end "
                f"{figures(whole[0])} to {figures(whole[-1])} times ({len(rows)} pairs of runs).",
                "flash_contrast",
                (),
                bool(rows["predicted"].any()),
            )
        )
    return found


def _less_or_more(change: float) -> str:
    return "more" if change > 0 else "less"
