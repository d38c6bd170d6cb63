"""One line of the report's first page, and the functions that write numbers and lists into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from genscope.analyze.report.format import joined
from genscope.analyze.written import duration, figures, size

MAX_OF_A_KIND = 4
DIGITS = 3
Frames = Mapping[str, pl.DataFrame]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One sentence, the metric that it comes from, and the traces that it is about."""

    text: str
    metric: str
    traces: tuple[int, ...] = ()
    predicted: bool = False


def limited(found: list[Finding], rest: str, limit: int = MAX_OF_A_KIND) -> list[Finding]:
    """The first findings, and one line that counts the others, so that none is dropped silently."""
    if len(found) <= limit + 1:
        return found
    left = found[limit:]
    line = Finding(f"{len(left)} {rest}; see the section.", left[0].metric)
    return [*found[:limit], line]


def in_requests(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows about whole requests, with attention as its core."""
    return frame.filter(pl.col("scope") == "request", pl.col("attention_partition") == "core")


def pair_of(row: Row) -> tuple[int, ...]:
    return (row["trace_id"], row["baseline_trace_id"])


def counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def times(ratio: float) -> str:
    """A ratio with three digits: '3.78x'."""
    return f"{figures(ratio, DIGITS)}x"


def time(ns: float) -> str:
    """A duration with three digits."""
    return duration(ns, DIGITS)


def time_shared(shares: pl.DataFrame) -> str:
    """What categories share: not the time of copies."""
    return "kernel time" if (shares["time_source"] == "gpu").all() else "time"


def amount(count: float) -> str:
    """Bytes with three digits."""
    return size(count, DIGITS)


def listed(names: list[str], limit: int = 4) -> str:
    """Names as a list in a sentence; of many names, only the first few."""
    if len(names) <= limit:
        return joined(names)
    return f"{', '.join(names[:limit])} and {len(names) - limit} more"
