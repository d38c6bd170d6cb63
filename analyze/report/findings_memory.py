"""Findings about what a run holds and uses: memory, of score matrices too, and energy."""

from __future__ import annotations

import polars as pl

from genscope.analyze.report.finding import Finding, Frames, amount, counted, limited
from genscope.analyze.written import figures, percent

# below this share, unused memory is what any allocator keeps at hand
MIN_UNUSED_FRAC = 0.2


def reserved_memory(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """Failed allocations first, then how much of the reserved memory a snapshot found unused."""
    short = frame.filter(pl.col("oom_count") > 0).sort("oom_count", descending=True)
    failed = [
        Finding(
            f"{counted(row['oom_count'], 'allocation')} of {row['trace_name']} failed, the largest of "
            f"{amount(row['oom_bytes'])}; {amount(row['unused_bytes'])} of the "
            f"{amount(row['reserved_bytes'])} that the allocator holds are unused in the snapshot.",
            "memory_state",
            (row["trace_id"],),
        )
        for row in short.iter_rows(named=True)
    ]
    wide = frame.filter(
        (pl.col("unused_frac") >= MIN_UNUSED_FRAC) & (pl.col("oom_count") == 0)
    ).sort("unused_bytes", descending=True)
    unused = [
        Finding(
            f"{percent(row['unused_frac'])} of the {amount(row['reserved_bytes'])} that the allocator "
            f"of {row['trace_name']} holds is unused, {amount(row['stranded_bytes'])} of it in segments "
            "that also hold blocks in use.",
            "memory_state",
            (row["trace_id"],),
        )
        for row in wide.iter_rows(named=True)
    ]
    return limited(failed + unused, "more snapshots hold memory that is unused")


def joules(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """The energy of each recording whose GPUs are all known, of an item of its batch if that is known."""
    whole = (
        frame.filter(pl.col("scope") == "profile")
        .group_by("trace_id", "trace_name", maintain_order=True)
        .agg(
            pl.col("energy_j").sum(),
            pl.col("item_energy_j").sum(),
            pl.col("item_energy_j").is_not_null().all().alias("has_item"),
            pl.col("energy_refusal").is_null().all().alias("is_known"),
        )
        .filter("is_known")
        .sort("energy_j", descending=True)
    )
    found = []
    for row in whole.iter_rows(named=True):
        item = f", {figures(row['item_energy_j'])} J for each item of a request's batch"
        text = f"{row['trace_name']} takes {figures(row['energy_j'])} J while it is recorded"
        text += f"{item if row['has_item'] else ''}."
        found.append(Finding(text, "energy", (row["trace_id"],)))
    return limited(found, "more traces have a known energy")


def score_matrices(frame: pl.DataFrame, _: Frames) -> list[Finding]:
    """The largest score matrix that is written; if attention is fused throughout, the largest that is not."""
    known = frame.filter(pl.col("score_bytes").is_not_null())
    if known.is_empty():
        return []
    row = known.sort("materialized", "score_bytes", descending=True).row(0, named=True)
    known_place = row["component"] != "unattributed"
    place = (
        f"({row['query_len']:,} by {row['kv_len']:,}), in {row['attention_kind']} attention of "
        f"{row['component'] + ' in ' if known_place else ''}{row['trace_name']}"
    )
    size = amount(row["score_bytes"])
    text = (
        f"The largest score matrix that is written to memory takes {size} {place}."
        if row["materialized"]
        else f"No score matrix is written to memory; unfused, the largest would take {size} {place}."
    )
    return [Finding(text, "attention_memory", (row["trace_id"],))]
