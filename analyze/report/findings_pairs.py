"""Findings from pairs of runs: what fused attention gained, where the time went, what is largest now."""

from __future__ import annotations

import polars as pl

from genscope.analyze.report.finding import (
    Finding,
    Frames,
    Row,
    counted,
    in_requests,
    limited,
    pair_of,
    time,
    times,
)
from genscope.analyze.report.format import joined
from genscope.analyze.time_sources import DIFFERENT_SOURCES, sources_differ
from genscope.analyze.written import percent


def compared(frame: pl.DataFrame, frames: Frames) -> list[Finding]:
    """How the times of two traces differ, and which categories the difference is in."""
    core = frame.filter(pl.col("attention_partition") == "core")
    whole = core.filter(pl.col("category") == "all")
    traces, pairs = frames["trace_summary"], frames.get("flash_speedup")
    # a pair that differs in attention has a finding that says more
    has_speedup = pairs is not None and not pairs["speedup"].drop_nulls().is_empty()
    # what is cut off decides how a trace differs
    if whole.is_empty() or len(traces) != 2 or has_speedup or not traces["complete"].all():
        return []
    row = whole.row(0, named=True)
    if not row["first_ns"] or not row["second_ns"]:
        return []
    first, second = traces["trace_name"].to_list()
    ids = tuple(traces["trace_id"])
    if sources_differ(row["time_sources"]):
        text = f"{first} and {second} are not compared: {DIFFERENT_SOURCES}."
        return [Finding(text, "trace_comparison", ids)]
    longer = row["difference_ns"] > 0
    parts = core.filter(pl.col("category") != "all", pl.col("difference_ns") != 0)
    most = parts.sort("difference_ns", descending=longer).head(3)
    named = [
        f"{part['category']} ({part['difference_ns'] / 1e6:+.3g} ms)"
        for part in most.iter_rows(named=True)
        if (part["difference_ns"] > 0) == longer
    ]
    change = percent(abs(row["difference_ns"]) / row["first_ns"])
    text = (
        f"The work of {second} takes {time(row['second_ns'])}, {change} "
        f"{'more' if longer else 'less'} than that of {first} ({time(row['first_ns'])})"
    )
    text += f": mostly {joined(named)}." if named else "."
    predicted = "predicted" in (row["time_sources"] or "")
    return [Finding(text, "trace_comparison", ids, predicted)]


def speedups(frame: pl.DataFrame, frames: Frames) -> list[Finding]:
    core = in_requests(frame)
    rows = core.filter(pl.col("speedup").is_not_null()).sort("speedup")
    found = [_slower(row, frames) for row in rows.iter_rows(named=True) if row["speedup"] < 1]
    faster = [_faster(row) for row in rows.reverse().iter_rows(named=True) if row["speedup"] >= 1]
    found += limited(faster, "more pairs are faster")
    refused = core.filter(pl.col("refusal").is_not_null())
    found += limited(
        [
            Finding(
                f"No speedup is given for {row['trace_name']} over {row['baseline_trace_name']}, "
                f"because their settings differ: {row['refusal']}.",
                "flash_speedup",
                (row["trace_id"], row["baseline_trace_id"]),
            )
            for row in refused.iter_rows(named=True)
        ],
        "more pairs can't be compared",
    )
    return found


def intervals(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """The confidence interval of a speedup, and whether it shows a difference."""
    rows = frame.filter(pl.col("quantity").is_in(["request", "wall"]))
    return limited(
        [
            Finding(
                _interval(row),
                "flash_speedup_interval",
                pair_of(row),
            )
            for row in rows.sort("speedup", descending=True).iter_rows(named=True)
        ],
        "more speedups have an interval",
    )


def _interval(row: Row) -> str:
    low, high = row["speedup_low"], row["speedup_high"]
    text = (
        f"Over repeated measurements, {row['trace_name']} is {times(row['speedup'])} as fast as "
        f"{row['baseline_trace_name']} {_measured_by(row['quantity'])}; the {percent(row['confidence_frac'])} confidence interval "
        f"is {times(low)} to {times(high)} ({row['baseline_count']} and {row['optimized_count']} "
        "measurements)"
    )
    return text + (", so they show no difference." if low <= 1 <= high else ".")


def _measured_by(quantity: str) -> str:
    return "in wall time without a profiler" if quantity == "wall" else "in the work of a request"


def _faster(row: Row) -> Finding:
    text = (
        f"End to end, {row['trace_name']} is {times(row['speedup'])} as fast as "
        f"{row['baseline_trace_name']} ({time(row['baseline_ns'])} to {time(row['optimized_ns'])})"
    )
    if row["attention_speedup"] is not None:
        text += f": {times(row['attention_speedup'])} in attention"
        if row["predicted_speedup"] is not None:
            text += f"; Amdahl's law predicts {times(row['predicted_speedup'])}"
    return Finding(f"{text}.", "flash_speedup", pair_of(row), bool(row["predicted"]))


def _slower(row: Row, frames: Frames) -> Finding:
    text = (
        f"End to end, {row['trace_name']} is slower than {row['baseline_trace_name']}: it takes "
        f"{time(row['optimized_ns'])} instead of {time(row['baseline_ns'])}, "
        f"{percent(row['optimized_ns'] / row['baseline_ns'] - 1)} more"
    )
    if row["attention_speedup"] is not None:
        change = row["optimized_attention_ns"] - row["baseline_attention_ns"]
        text += f"; its attention takes {time(abs(change))} {_less_or_more(change)}"
    if "operator_shift" in frames:
        text += _gone_to(row["trace_id"], frames["operator_shift"])
    return Finding(f"{text}.", "operator_shift", pair_of(row), bool(row["predicted"]))


def _gone_to(trace: int, shift: pl.DataFrame) -> str:
    """Where the time of a slower run went: the categories that got slower, with their work items."""
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
        f"{row['category']} (+{time(row['change_ns'])}{_more_work(row)})"
        for row in lost.head(3).iter_rows(named=True)
    ]
    return f". The time went to {joined(parts)}" if parts else ""


def _more_work(row: Row) -> str:
    more = row["optimized_count"] - row["baseline_count"]
    return f", {abs(more):,} {_less_or_more(more, 'fewer')} work items" if more else ""


def bottlenecks(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    core = in_requests(frame).sort(["shifted", "after_frac"], descending=True)
    return limited(
        [
            Finding(
                f"The largest category of {row['trace_name']} is {row['after_category']} with "
                f"{percent(row['after_frac'])}; in the baseline it took "
                f"{percent(row['after_baseline_frac'])}"
                + (f", and {row['before_category']} took most." if row["shifted"] else "."),
                "bottleneck_shift",
                pair_of(row),
                bool(row["predicted"]),
            )
            for row in core.iter_rows(named=True)
        ],
        "more pairs are in the section",
    )


def contrasts(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """How much more diffusion models gain than other families, in attention and end to end."""
    found = []
    core = in_requests(frame).filter(pl.col("attention_ratio").is_not_null())
    for (family, _), rows in core.group_by(["other_family", "predicted"], maintain_order=True):
        ratios, whole = sorted(rows["attention_ratio"]), sorted(rows["speedup_ratio"].drop_nulls())
        end_to_end = f" and {_between(whole)} end to end" if whole else ""
        found.append(
            Finding(
                f"Compared with {family} models, diffusion models gain {_between(ratios)} as much "
                f"from flash attention in attention itself{end_to_end} "
                f"({counted(len(rows), 'pair')} of runs).",
                "flash_contrast",
                (),
                bool(rows["predicted"].any()),
            )
        )
    return found


def _between(ratios: list[float]) -> str:
    low, high = times(ratios[0]), times(ratios[-1])
    return low if low == high else f"{low} to {high}"


def _less_or_more(change: float, less: str = "less") -> str:
    return "more" if change > 0 else less
