"""The findings on the report's first page: what a study shows, in sentences with numbers.

Each finding comes from the rows of one metric and names that metric and its traces, so that a reader
can go on to the section, the SQL and the result cards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import polars as pl

from genscope.analyze.report.finding import (
    DIGITS,
    Finding,
    Frames,
    Row,
    counted,
    in_requests,
    limited,
    listed,
    times,
)
from genscope.analyze.report.findings_limits import (
    bounds,
    categories,
    idle,
    idle_causes,
    opportunities,
    verdicts,
    waits,
)
from genscope.analyze.report.findings_memory import joules, reserved_memory, score_matrices
from genscope.analyze.report.findings_pairs import (
    bottlenecks,
    compared,
    contrasts,
    intervals,
    speedups,
)
from genscope.analyze.report.format import every
from genscope.analyze.written import figures, percent


def find(frames: Frames) -> list[Finding]:
    """Every finding that the frames support, in the order of the report.

    If a rule fails on odd rows, a line says so, and the other rules still run.
    """
    found: list[Finding] = []
    for metric, rule in RULES:
        if metric in frames and not frames[metric].is_empty():
            try:
                found += rule(frames[metric], frames)
            except Exception as error:
                text = (
                    f"{metric} gives no finding: its rule failed ({type(error).__name__}: {error})."
                )
                found.append(Finding(text, metric))
    return found


def headline(findings: list[Finding], limit: int = 8) -> list[Finding]:
    """The findings that a hurried reader needs: the first of each metric, then second ones, in order."""
    seen: Counter[str] = Counter()
    ranked = []
    for place, finding in enumerate(findings):
        ranked.append((seen[finding.metric], place))
        seen[finding.metric] += 1
    return [findings[place] for place in sorted(place for _, place in sorted(ranked)[:limit])]


def _studied(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    predicted = int(frame["predicted"].sum())
    count = len(frame)
    if predicted == count:
        times_of = "its times are" if count == 1 else "all times are"
        text = f"{counted(count, 'trace')}; {times_of} predicted, not measured."
    elif predicted:
        text = f"{count} traces: {count - predicted} measured, {predicted} predicted."
    else:
        text = f"The study holds {count} traces, all of them measured."
    broken, found = frame.filter(~pl.col("complete")), []
    if len(broken):
        files, are = ("file", "is") if len(broken) == 1 else ("files", "are")
        cut = f"The {files} of {listed(broken['trace_name'].to_list())} {are} cut short: what is said here is of a part of the run."
        found.append(Finding(cut, "trace_summary", tuple(broken["trace_id"])))
    # one measured trace is what a reader expects
    if count > 1 or predicted:
        found.append(Finding(text, "trace_summary"))
    return found


def _stages(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    # that the only component takes all of the time, or all that is attributed, says nothing
    share = pl.col("request_frac")
    others = share.sum().over("trace_id") - share
    known = frame.filter(pl.col("component") != "unattributed")
    named = known.filter(share > 0.5, others > 0.0005)
    model = pl.coalesce("model", "trace_name").alias("model")
    by_model = named.sort("request_ns", descending=True).with_columns(model)
    return limited(
        [
            Finding(
                f"The component {row['component']} takes {percent(row['request_frac'])} of the time of "
                + ("" if row["source"] == "profile" else "a whole request of ")
                + f"{row['trace_name']}.",
                "stage_time",
                (row["trace_id"],),
                row["time_source"] == "predicted",
            )
            for row in by_model.unique("model", maintain_order=True).iter_rows(named=True)
        ],
        "more models spend most of their time in one component",
    )


def _lengths(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    known = frame.filter(pl.col("max_min_ratio") > 1)
    series = known.sort("max_min_ratio", descending=True).unique("trace_name", maintain_order=True)
    rows = series.unique(["component", "max_min_ratio", "period_calls"], maintain_order=True)
    return limited(
        [
            Finding(
                f"In {row['attention_kind']} attention of {row['component']} in "
                f"{row['trace_name']}, the longest query is {times(row['max_min_ratio'])} as long as "
                f"the shortest{_adjacent(row['adjacent_ratio'])}"
                + (
                    f"; the lengths repeat every {counted(row['period_calls'], 'call')}."
                    if row["period_calls"]
                    else "."
                ),
                "sequence_length_profile",
                (row["trace_id"],),
            )
            for row in rows.iter_rows(named=True)
        ],
        "more traces have sequence lengths that vary",
        limit=3,
    )


def _adjacent(ratio: float | None) -> str:
    return "" if ratio is None else f" (at most {times(ratio)} between successive calls)"


def _frames_and_space(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    rows = frame.filter(pl.col("core_flops_ratio").is_not_null(), pl.col("temporal_core_frac") > 0)
    return limited(
        [
            Finding(
                f"Temporal attention takes {percent(row['temporal_core_frac'])} of the attention "
                f"time of {row['component']} in {row['trace_name']}, but spatial attention has "
                f"{times(row['core_flops_ratio'])} as many FLOPs{_with_projections(row)}.",
                "temporal_spatial",
                (row["trace_id"],),
                bool(row["predicted"]),
            )
            for row in rows.sort("temporal_core_frac", descending=True).iter_rows(named=True)
        ],
        "more components have temporal and spatial attention",
    )


def _with_projections(row: Row) -> str:
    ratio = row["module_flops_ratio"]
    return "" if ratio is None else f" ({times(ratio)} with projections)"


def _phases(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """Which runs spend most attention time in prefill-like calls, and which in decode-like calls."""
    known = frame.filter(pl.col("request_core_frac").is_not_null(), pl.col("phase") != "unknown")
    keys = ("trace_id", "trace_name", "predicted", "phase")
    total = known.group_by(keys, maintain_order=True).agg(pl.col("request_core_frac").sum())
    found = []
    # those of which nothing is known count too
    runs = frame.filter(pl.col("request_core_frac").is_not_null())["trace_id"].n_unique()
    for phase, meaning in (
        ("prefill", "prefill-like calls (many query rows per call)"),
        ("decode", "decode-like calls (few query rows per call)"),
    ):
        mostly = total.filter(pl.col("phase") == phase, pl.col("request_core_frac") > 0.5)
        if mostly.is_empty():
            continue
        names = mostly["trace_name"].to_list()
        spends = "spends" if len(names) == 1 else "spend"
        text = f"{_of_all(len(names), runs)} {spends} most attention time in {meaning}"
        text += "." if len(names) == runs else f": {listed(names)}."
        predicted = bool(mostly["predicted"].any())
        found.append(Finding(text, "prefill_decode", tuple(mostly["trace_id"]), predicted))
    return found


def _of_all(count: int, runs: int) -> str:
    if count < runs:
        return f"{count} of {runs} runs"
    return "The run" if runs == 1 else f"{every(runs)} runs"


def _families(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    core = in_requests(frame).filter(pl.col("attention") == "flash")
    found = []
    for _key, rows in core.group_by(["predicted", "device_name"], maintain_order=True):
        shares = {(row["model_group"], row["category"]): row for row in rows.iter_rows(named=True)}
        for category in ("convolution", "group_norm"):
            pixel = shares.get(("pixel diffusion", category))
            latent = shares.get(("latent diffusion", category))
            if pixel is not None and latent is not None:
                text = (
                    f"With flash attention, {category} takes {percent(pixel['mean_frac'])} of the time "
                    f"of pixel diffusion and {percent(latent['mean_frac'])} of latent diffusion (means "
                    f"over {counted(pixel['trace_count'], 'run')} and "
                    f"{counted(latent['trace_count'], 'run')})."
                )
                found.append(Finding(text, "family_contrast", (), bool(pixel["predicted"])))
    return found


def _growth(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    core = in_requests(frame).filter(pl.col("size_count") > 1)
    found = []
    for _key, rows in core.group_by(["model", "attention", "predicted"], maintain_order=True):
        power = dict(zip(rows["category"], rows["time_exponent"], strict=True))
        if power.get("attention") is None or power.get("convolution") is None:
            continue
        first = rows.row(0, named=True)
        sizes = sorted(rows["image_size"])
        cross = first["crossover_size"]
        found.append(
            Finding(
                f"From {sizes[0]} to {sizes[-1]} px, the attention time of {first['model']} "
                f"({first['attention']}) grows with the image side to the power of "
                f"{figures(power['attention'], DIGITS)}, and the convolution time to the power of "
                f"{figures(power['convolution'], DIGITS)}"
                + (f"; they are equal at {cross} px." if cross else "."),
                "image_size_scaling",
                tuple(rows["trace_id"].unique(maintain_order=True)),
                bool(first["predicted"]),
            )
        )
    return limited(found, "more models were run at several image sizes")


def _unknown(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    open_rows = frame.filter(~pl.col("answered"), pl.col("question") == "category")
    rows = open_rows.filter(pl.col("work_frac") > 0.02).sort("work_frac", descending=True)
    return limited(
        [
            Finding(
                f"{percent(row['work_frac'])} of the time of {row['trace_name']} has no category, "
                "so the shares of its categories are lower bounds.",
                "ledger",
                (row["trace_id"],),
            )
            for row in rows.iter_rows(named=True)
        ],
        "more traces have unclassified time",
        limit=3,
    )


# what was studied, what takes the time, what limits it; then what there is to know besides
RULES: tuple[tuple[str, Callable[[pl.DataFrame, Frames], list[Finding]]], ...] = (
    ("trace_summary", _studied),
    ("trace_comparison", compared),
    ("flash_speedup", speedups),
    ("flash_speedup_interval", intervals),
    ("bottleneck_shift", bottlenecks),
    ("operator_breakdown", categories),
    ("stage_time", _stages),
    ("gpu_time", idle),
    ("idle_time", idle_causes),
    ("step_breakdown", verdicts),
    ("host_wait_sum", waits),
    ("opportunity", opportunities),
    ("flash_contrast", contrasts),
    ("family_contrast", _families),
    ("sequence_length_profile", _lengths),
    ("memory_state", reserved_memory),
    ("energy", joules),
    ("attention_memory", score_matrices),
    ("temporal_spatial", _frames_and_space),
    ("image_size_scaling", _growth),
    ("prefill_decode", _phases),
    ("roofline", bounds),
    ("ledger", _unknown),
)
