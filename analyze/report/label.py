"""The label of a run in the report: its model and conditions, if it has a manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

import polars as pl

from genscope.analyze.report.card import manifest_of
from genscope.analyze.report.format import cut

DEEPEST = 4
LONGEST_LABEL = 120
NAMED = ("trace_name", "baseline_trace_name", "other_trace_name")


def labels_of(traces: pl.DataFrame) -> dict[str, str]:
    """The shortest unique label for each trace's name.

    Long labels are cut, and labels that are then equal get a number.
    """
    labels = _labels(list(traces.iter_rows(named=True)))
    seen: Counter[str] = Counter()
    for name, label in labels.items():
        short = cut(label, LONGEST_LABEL)
        seen[short] += 1
        labels[name] = short if seen[short] == 1 else f"{short} ({seen[short]})"
    return labels


def _labels(rows: list[dict[str, Any]]) -> dict[str, str]:
    depth = {row["name"]: 1 for row in rows}
    while True:
        labels = {row["name"]: _label(row, depth[row["name"]]) for row in rows}
        count = Counter(labels.values())
        alike = [name for name, label in labels.items() if count[label] > 1]
        if not alike or all(depth[name] > DEEPEST for name in alike):
            return labels
        depth |= {name: depth[name] + 1 for name in alike}


def labelled(frame: pl.DataFrame, labels: dict[str, str]) -> pl.DataFrame:
    """The frame with names of traces replaced by their labels."""
    found = [name for name in NAMED if name in frame.columns and not frame.is_empty()]
    return frame.with_columns(pl.col(name).replace(labels) for name in found)


def bounded(
    frame: pl.DataFrame, limit: int, *, whole: Collection[str] = frozenset()
) -> pl.DataFrame:
    """The frame with long texts cut in the middle, but for columns in `whole`; texts that are then equal get a number."""
    kinds = frame.schema
    texts = [name for name in kinds if kinds[name] == pl.String and name not in whole]
    if not texts or frame.is_empty():
        return frame
    longest = frame.select(pl.col(texts).str.len_chars().max())
    for name in texts:
        if (longest[name].item() or 0) <= limit:
            continue
        seen: Counter[str] = Counter()
        short = {}
        for text in frame[name].unique(maintain_order=True).drop_nulls():
            found = cut(text, limit)
            seen[found] += 1
            short[text] = found if seen[found] == 1 else f"{found} ({seen[found]})"
        frame = frame.with_columns(pl.col(name).replace(short))
    return frame


def _label(row: dict[str, Any], depth: int) -> str:
    manifest = manifest_of(row["manifest"])
    if not manifest or row["model"] is None or depth > DEEPEST:
        return str(row["name"])
    size = manifest.get("image_size")
    frames = manifest.get("frames")
    parts = [
        " ".join(str(part) for part in (row["model"], manifest.get("variant")) if part),
        row["attention"],
        f"{size}\u00a0px" if size else None,
        f"{frames}\u00a0frames" if frames else None,
        None if manifest.get("size") == "paper" else manifest.get("size"),
        row["device_name"] if depth > 1 else None,
        row["profiler"] if depth > 2 else None,
        manifest.get("dtype") if depth > 3 else None,
    ]
    return " · ".join(str(part) for part in parts if part)
