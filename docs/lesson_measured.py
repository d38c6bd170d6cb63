"""What was measured on a CPU for a lesson: the rows of docs/lessons/measured.csv, which bench/lessons.py writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from lesson import table, times

FILE = Path(__file__).parent / "lessons" / "measured.csv"


def measured(model: str) -> list[dict[str, Any]]:
    """A model's rows, in the file's order."""
    frame = pl.read_csv(FILE)
    return frame.filter(pl.col("model") == model).to_dicts()


def measured_lines(model: str) -> Iterator[str]:
    """A table with each variant's time, and how many times that of the first of its size; no line if nothing was measured."""
    found = measured(model)
    if not found:
        return
    some = found[0]
    yield ""
    yield (
        f"Measured on a CPU, not predicted ({some['machine']}, {some['threads']} thread, {some['versions']}; medians of {some['rounds']} "
        "rounds in which the variants take turns; `bench/lessons.py`):"
    )
    yield ""
    first: dict[str, float] = {}
    rows = []
    for row in found:
        base = first.setdefault(row["size"], row["cpu_ms"])
        ratio = times(row["cpu_ms"] / base)
        rows.append(
            (
                row["size"],
                row["variant"],
                f"{row['wall_ms']:g} ms",
                f"{row['cpu_ms']:g} ms ({ratio})",
            )
        )
    yield from table(("size", "variant", "wall time", "CPU time"), rows)
