"""What stands next to an answer that adds up or compares times of operators with times of kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genscope.analyze.rows import Rows

if TYPE_CHECKING:
    import polars as pl

DIFFERENT_SOURCES = (
    "the times of one are of operators on the CPU, and those of the other of kernels on the GPU"
)
_NOTE = (
    "times of operators on the CPU are compared with times of kernels on the GPU: a ratio of the two is not "
    "a speedup of the model"
)
_COLUMN = "time_sources"


def sources_differ(listed: str | None) -> bool:
    """Whether a row's `time_sources` are of both the CPU and the GPU."""
    return {"cpu", "gpu"} <= set((listed or "").split(", "))


def notes(frame: pl.DataFrame | Rows) -> list[str]:
    """What must be said next to an answer; often nothing."""
    if _COLUMN not in frame.columns:
        return []
    rows = frame.dicts() if isinstance(frame, Rows) else frame.iter_rows(named=True)
    return [_NOTE] if any(sources_differ(row[_COLUMN]) for row in rows) else []
