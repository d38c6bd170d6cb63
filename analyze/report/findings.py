"""What a study shows, in plain words with numbers: the lines of the report's first page.

Each finding is taken from the rows of one metric and names that metric and the traces it rests on,
so that a reader can go on to the section, the SQL and the result cards.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from genscope.analyze.report.finding import (
    Finding,
    Frames,
    counted,
    in_requests,
    known_or,
    most_of,
)
from genscope.analyze.report.findings_pairs import bottlenecks, contrasts, intervals, speedups
from genscope.analyze.report.format import duration, figures, joined, percent, size

MOST_NAMED = 4


def find(frames: Frames) -> list[Finding]:
    """Every finding that the frames support, in the order of the report."""
    found: list[Finding] = []
    for metric, rule in RULES:
        if metric in frames and not frames[metric].is_empty():
            found += rule(frames[metric], frames)
    return found


def _studied(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    predicted = int(frame["predicted"].sum())
    measured = len(frame) - predicted
    parts = [f"{measured} measured"] if measured else []
    parts += [f"{predicted} predicted by a roofline of the device it names"] * bool(predicted)
    text = f"The study holds {counted(len(frame), 'trace')}: {joined(parts)}."
    broken = frame.filter(~pl.col("complete"))["trace_name"].to_list()
    found = [Finding(text, "trace_summary")]
    if broken:
        ids = tuple(frame.filter(~pl.col("complete"))["trace_id"])
        found.append(Finding(f"{joined(broken)}: the file was cut short.", "trace_summary", ids))
    return found


def _stages(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    named = frame.filter(pl.col("component") != "unattributed", pl.col("request_frac") > 0.5)
    model = pl.coalesce("model", "trace_name").alias("model")
    by_model = named.sort("request_ns", descending=True).with_columns(model)
    return most_of(
        [
            Finding(
                f"{row['component']} takes {percent(row['request_frac'])} of "
                + ("" if row["source"] == "profile" else "a whole request of ")
                + f"{row['trace_name']}.",
                "stage_time",
                (row["trace_id"],),
                row["time_source"] == "predicted",
            )
            for row in by_model.unique("model", maintain_order=True).iter_rows(named=True)
        ],
        "more models in which one component takes most",
    )


def _lengths(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    known = frame.filter(pl.col("max_min_ratio") > 1)
    series = known.sort("max_min_ratio", descending=True).unique("trace_name", maintain_order=True)
    rows = series.unique(["component", "max_min_ratio", "period_calls"], maintain_order=True)
    return most_of(
        [
            Finding(
                f"The {row['attention_kind']} attention of {row['component']} in "
                f"{row['trace_name']} varies {figures(row['max_min_ratio'])} times in query length "
                f"({figures(row['adjacent_ratio'])} times between neighbouring calls)"
                + (
                    f" and repeats every {counted(row['period_calls'], 'call')}."
                    if row["period_calls"]
                    else "."
                ),
                "sequence_length_profile",
                (row["trace_id"],),
            )
            for row in rows.iter_rows(named=True)
        ],
        "more profiles that vary",
        most=3,
    )


def _memory(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    row = frame.sort("score_bytes", descending=True).row(0, named=True)
    text = (
        f"The largest score matrix is {size(row['score_bytes'])}: {row['attention_kind']} attention "
        f"of {row['component']} in {row['trace_name']}, {row['query_len']} by {row['kv_len']}; "
    )
    text += "it is written to memory." if row["materialized"] else "its kernel never writes it."
    return [Finding(text, "attention_memory", (row["trace_id"],))]


def _frames_and_space(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    rows = frame.filter(pl.col("core_flops_ratio").is_not_null(), pl.col("temporal_core_frac") > 0)
    return most_of(
        [
            Finding(
                f"Temporal attention takes {percent(row['temporal_core_frac'])} of the attention "
                f"time of {row['component']} in {row['trace_name']}, with spatial attention needing "
                f"{figures(row['core_flops_ratio'])} times its FLOPs in the core "
                f"({known_or(row['module_flops_ratio'])} times with projections).",
                "temporal_spatial",
                (row["trace_id"],),
                bool(row["predicted"]),
            )
            for row in rows.sort("temporal_core_frac", descending=True).iter_rows(named=True)
        ],
        "more components with both",
    )


def _phases(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """Which runs attend like a prefill and which like decoding, by where most of the time goes."""
    known = frame.filter(pl.col("request_frac").is_not_null(), pl.col("phase") != "unknown")
    keys = ("trace_id", "trace_name", "predicted", "phase")
    total = known.group_by(keys, maintain_order=True).agg(pl.col("request_frac").sum())
    found = []
    for phase, meaning in (("prefill", "many rows at once"), ("decode", "one row or few")):
        mostly = total.filter(pl.col("phase") == phase, pl.col("request_frac") > 0.5)
        if mostly.is_empty():
            continue
        names = mostly["trace_name"].to_list()
        text = f"{counted(len(names), 'run')} of {known['trace_id'].n_unique()} "
        text += f"{'spends' if len(names) == 1 else 'spend'} most attention time like {phase}, "
        text += f"asking with {meaning}"
        text += f": {joined(names)}." if len(names) <= MOST_NAMED else "."
        predicted = bool(mostly["predicted"].any())
        found.append(Finding(text, "prefill_decode", tuple(mostly["trace_id"]), predicted))
    return found


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
                    f"After flash attention {category} is {percent(pixel['mean_frac'])} of pixel "
                    f"diffusion and {percent(latent['mean_frac'])} of latent diffusion (means over "
                    f"{counted(pixel['trace_count'], 'run')} and {latent['trace_count']})."
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
                f"From {sizes[0]} to {sizes[-1]} px, the attention time of "
                f"{first['model']} ({first['attention']}) grows with the power "
                f"{power['attention']:.2f} of the image's side, convolution's with "
                f"{power['convolution']:.2f}"
                + (f"; they take as long at {cross} px." if cross else "."),
                "image_size_scaling",
                tuple(rows["trace_id"].unique(maintain_order=True)),
                bool(first["predicted"]),
            )
        )
    return most_of(found, "more series")


def _bounds(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    whole = frame.filter(
        pl.col("scope") == "request", pl.col("category") == "all", pl.col("bound") != "unknown"
    )
    if whole.is_empty():
        return []
    memory = whole.filter(pl.col("bound") == "memory")
    text = (
        f"By the bytes its operators move, memory is the wall for {len(memory)} of "
        f"{counted(len(whole), 'run')} with a known device, compute for the others."
    )
    return [Finding(text, "roofline", tuple(memory["trace_id"]))]


def _idle(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    said = pl.col("idle_refusal").is_null()
    used = frame.filter((pl.col("gpu_span_ns") > 0) & said).with_columns(
        (pl.col("gpu_idle_ns") / pl.col("gpu_span_ns")).alias("idle_frac")
    )
    rows = used.filter(pl.col("idle_frac") > 0.1).sort("idle_frac", descending=True)
    return most_of(
        [
            Finding(
                f"The GPU of {row['trace_name']} waits for {percent(row['idle_frac'])} of "
                f"{duration(row['gpu_span_ns'])}.",
                "gpu_time",
                (row["trace_id"],),
            )
            for row in rows.iter_rows(named=True)
        ],
        "more traces whose GPU waits for over a tenth of the time",
        most=3,
    )


def _unknown(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    open_rows = frame.filter(~pl.col("answered"), pl.col("question") == "class")
    rows = open_rows.filter(pl.col("work_frac") > 0.02).sort("work_frac", descending=True)
    return most_of(
        [
            Finding(
                f"{percent(row['work_frac'])} of the time of {row['trace_name']} can't be classified: "
                "its shares are lower bounds.",
                "ledger",
                (row["trace_id"],),
            )
            for row in rows.iter_rows(named=True)
        ],
        "more traces with unclassified time",
        most=3,
    )


RULES: tuple[tuple[str, Callable[[pl.DataFrame, Frames], list[Finding]]], ...] = (
    ("trace_summary", _studied),
    ("flash_speedup", speedups),
    ("flash_speedup_interval", intervals),
    ("bottleneck_shift", bottlenecks),
    ("flash_contrast", contrasts),
    ("family_contrast", _families),
    ("stage_time", _stages),
    ("sequence_length_profile", _lengths),
    ("attention_memory", _memory),
    ("temporal_spatial", _frames_and_space),
    ("image_size_scaling", _growth),
    ("prefill_decode", _phases),
    ("roofline", _bounds),
    ("gpu_time", _idle),
    ("ledger", _unknown),
)
