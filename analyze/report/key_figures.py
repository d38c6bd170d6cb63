"""The key figures at the top of the report: what was recorded, how long it takes, and what takes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from genscope.analyze.report.finding import (
    Frames,
    amount,
    counted,
    in_requests,
    time,
    time_shared,
    times,
)


@dataclass(frozen=True)
class Figure:
    """One card: a title, a value and what the value refers to; `metric` is its section."""

    title: str
    value: str
    detail: str
    metric: str


def key_figures(frames: Frames) -> list[Figure]:
    """Those figures that the answers hold; of several traces, the range."""
    rules = (_traces, _span, _busy, _largest, _attention, _speedup, _memory)
    return [figure for rule in rules if (figure := rule(frames)) is not None]


def _rows(frames: Frames, metric: str) -> pl.DataFrame | None:
    frame = frames.get(metric)
    return None if frame is None or frame.is_empty() else frame


def _traces(frames: Frames) -> Figure | None:
    frame = _rows(frames, "trace_summary")
    if frame is None:
        return None
    if len(frame) == 1:
        row = frame.row(0, named=True)
        detail = row["device_name"] or "device not recorded"
        return Figure("Trace", row["model"] or row["trace_name"], detail, "trace_summary")
    predicted = int(frame["predicted"].sum())
    devices = frame["device_name"].drop_nulls().unique().to_list()
    where = devices[0] if len(devices) == 1 else counted(len(devices), "device")
    where = where if devices else "device not recorded"
    detail = f"{predicted} predicted, {where}" if predicted else where
    return Figure("Traces", f"{len(frame)}", detail, "trace_summary")


def _span(frames: Frames) -> Figure | None:
    """The time that devices took; of runs whose times are predicted, a whole request's."""
    frame = _rows(frames, "gpu_time")
    if frame is not None:
        known = frame.filter(pl.col("gpu_span_ns") > 0)
        if not known.is_empty():
            return Figure(
                "GPU time",
                _range(known["gpu_span_ns"], time),
                "first start to last end",
                "gpu_time",
            )
    frame = _rows(frames, "stage_time")
    if frame is None:
        return None
    sums = frame.group_by("trace_id").agg(pl.col("request_ns").sum())
    known = sums.filter(pl.col("request_ns") > 0)
    if known.is_empty():
        return None
    predicted = (frame["time_source"] == "predicted").all()
    detail = "whole request, predicted" if predicted else "whole request"
    return Figure("Time", _range(known["request_ns"], time), detail, "stage_time")


def _busy(frames: Frames) -> Figure | None:
    frame = _rows(frames, "gpu_time")
    if frame is None:
        return None
    shares = frame.filter(pl.col("idle_refusal").is_null() & (pl.col("gpu_span_ns") > 0)).select(
        pl.col("gpu_busy_ns") / pl.col("gpu_span_ns")
    )
    if shares.is_empty():
        return None
    return Figure("GPU busy", _range(shares.to_series(), _percent), "of that time", "gpu_time")


def _largest(frames: Frames) -> Figure | None:
    shares = _shares(frames)
    if shares is None:
        return None
    largest = shares.sort("work_frac", descending=True).unique("trace_id", maintain_order=True)
    if len(largest) == 1:
        row = largest.row(0, named=True)
        detail = f"{_percent(row['work_frac'])} of the {time_shared(largest)}"
        return Figure("Largest category", row["category"], detail, "operator_breakdown")
    ((category, count),) = Counter(largest["category"].to_list()).most_common(1)
    detail = f"in {count} of {len(largest)} traces"
    return Figure("Largest category", category, detail, "operator_breakdown")


def _attention(frames: Frames) -> Figure | None:
    shares = _shares(frames)
    if shares is None:
        return None
    found = shares.filter(pl.col("category") == "attention", pl.col("work_frac") > 0)
    if found.is_empty():
        return None
    value = _range(found["work_frac"], _percent)
    detail = f"of the {time_shared(found)}, without projections"
    return Figure("Attention", value, detail, "attention_split")


def _speedup(frames: Frames) -> Figure | None:
    frame = _rows(frames, "flash_speedup")
    if frame is None:
        return None
    found = in_requests(frame).filter(pl.col("speedup").is_not_null())
    if found.is_empty():
        return None
    # without a manifest, the baseline is the first run of equal operators
    known = found["attention"].is_not_null().any()
    detail = f"whole request, against the {'baseline' if known else 'first run'}"
    return Figure("Attention backend", _range(found["speedup"], times), detail, "flash_speedup")


def _memory(frames: Frames) -> Figure | None:
    frame = _rows(frames, "memory_peak")
    if frame is None:
        return None
    # device -1 is the host
    peaks = frame.filter(pl.col("device_id") >= 0)["peak_allocated_bytes"].drop_nulls()
    if peaks.is_empty():
        return None
    return Figure("Peak memory", _range(peaks, amount), "allocated on a device", "memory_peak")


def _shares(frames: Frames) -> pl.DataFrame | None:
    """Shares of categories, of whole requests where they are known, with attention as its core."""
    frame = _rows(frames, "operator_breakdown")
    if frame is None:
        return None
    shares = in_requests(frame).filter(pl.col("work_frac").is_not_null())
    return None if shares.is_empty() else shares


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _range(values: pl.Series, text: Callable[[float], str]) -> str:
    numbers = values.to_list()
    low, high = text(min(numbers)), text(max(numbers))
    if low == high:
        return low
    # a unit that both have is written once
    number, _, unit = low.rpartition(" ")
    return f"{number if number and high.endswith(f' {unit}') else low} – {high}"
