"""What stands next to every predicted time: its interval, and what it leaves out.

The interval is of a category's time in a run, from held-out measurements (docs/prediction.md). `expected_time` has one for
each operator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from genscope.analyze.rows import Rows

if TYPE_CHECKING:
    import polars as pl

LOW, HIGH = 0.75, 1.3
LABEL = f"predicted, x {LOW} to {HIGH}"
NOTE = (
    f"times are predicted: a category's time is expected within x {LOW} to {HIGH} of the one shown, a whole request's within "
    "20 %, a share within 4 points; twice as wide for devices without fitted rates. They are of kernels only, without "
    "host gaps: at batch 1 an eager run is slower. Backward passes and updates were not among the measurements."
)


def is_predicted(row: dict[str, object]) -> bool:
    """Whether the row's times are predicted: two columns can say so."""
    return bool(row.get("predicted")) or row.get("time_source") == "predicted"


def has_predicted(frame: pl.DataFrame | Rows) -> bool:
    """Whether any row's times are predicted."""
    if isinstance(frame, Rows):
        return any(map(is_predicted, frame.dicts()))
    columns = [name for name in ("predicted", "time_source") if name in frame.columns]
    return any(is_predicted(row) for row in frame.select(columns).unique().iter_rows(named=True))
