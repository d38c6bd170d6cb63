"""What stands next to every predicted time: its interval, and what it leaves out.

An answer whose rows can be predicted has the columns `time_low_ratio` and `time_high_ratio`: their interval, of a category's
time in a run, from held-out measurements (docs/prediction.md). `expected_time` has one for each operator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING

from genscope.analyze import time_sources
from genscope.analyze.rows import Rows

if TYPE_CHECKING:
    import polars as pl

LOW, HIGH = 0.75, 1.3
# of devices without fitted rates, twice as wide; queries/rules/time_interval.sql has both
WIDE_LOW, WIDE_HIGH = 0.5625, 1.69
# of a whole request, and of a share in points
REQUEST_FRAC, POINTS = 0.2, 4
NO_GAPS = "without host gaps: at batch 1 an eager run is slower"
NOTE = (
    f"times are predicted: a category's time is expected within x {LOW} to {HIGH} of the one shown, a whole request's within "
    f"{REQUEST_FRAC:.0%}, a share within {POINTS} points; for devices without fitted rates, within x {WIDE_LOW:.2g} to {WIDE_HIGH:.2g}, "
    f"{2 * REQUEST_FRAC:.0%} and {2 * POINTS} points. They are of kernels only, {NO_GAPS}. "
    "Backward passes and updates were not among the measurements."
).replace("%", " %")
EXPECTED_NOTE = (
    "expected times are predicted: four of five calls of an operator take between expected_low_ns and expected_high_ns. "
    f"They are of kernels only, {NO_GAPS}."
)
# the columns that say so, the third of sums over several traces, and the interval
INTERVAL = ("time_low_ratio", "time_high_ratio")
SAYING = ("predicted", "time_source", "time_sources", *INTERVAL)
_MARK = re.compile(r"predicted, x [\d.]+ to [\d.]*\d")
_LABELLED = re.compile(rf" \(({_MARK.pattern})\)")
_EXPECTED = ("expected_ns", "op_expected_ns")


def is_predicted(row: Mapping[str, object]) -> bool:
    """Whether the row's times are predicted."""
    return (
        row.get("predicted") in (True, 1)
        or _is_number(row.get("time_low_ratio"))
        or row.get("time_source") == "predicted"
        or "predicted" in str(row.get("time_sources"))
    )


def mark(row: Mapping[str, object]) -> str:
    """What stands next to the row's times: '' if they are measured, else their interval."""
    return (
        interval(row.get("time_low_ratio"), row.get("time_high_ratio")) if is_predicted(row) else ""
    )


def interval(low: object, high: object) -> str:
    """The mark of predicted times within these ratios; the wide ones if they are unknown."""
    least, most = (low, high) if _is_number(low) and _is_number(high) else (WIDE_LOW, WIDE_HIGH)
    return f"predicted, x {least:.2g} to {most:.2g}"


def _is_number(value: object) -> bool:
    # a missing number of pandas is none
    return isinstance(value, float) and not isnan(value)


def unbroken(text: str) -> str:
    """The text with marks that no line break divides."""
    return _MARK.sub(lambda found: found[0].replace(" ", "\u00a0"), text)


def without_common_mark(labels: Sequence[str]) -> tuple[list[str], str]:
    """The labels without the mark that all of them have, and that mark; as they are, and '', if they differ in it."""
    found = {tuple(_LABELLED.findall(label)) for label in labels}
    marks = found.pop() if len(found) == 1 else ()
    if len(marks) != 1:
        return list(labels), ""
    return [_LABELLED.sub("", label) for label in labels], marks[0]


def has_predicted(frame: pl.DataFrame | Rows) -> bool:
    """Whether any row's times are predicted."""
    if isinstance(frame, Rows):
        return any(map(is_predicted, frame.dicts()))
    columns = [name for name in SAYING if name in frame.columns]
    return any(is_predicted(row) for row in frame.select(columns).unique().iter_rows(named=True))


def without_empty_interval(frame: pl.DataFrame | Rows) -> pl.DataFrame | Rows:
    """The answer as a table for a person: if all times are measured, the columns of the interval say nothing."""
    unknown = [name for name in INTERVAL if name in frame.columns and _is_unknown(frame, name)]
    if isinstance(frame, Rows):
        kept = [at for at, name in enumerate(frame.columns) if name not in unknown]
        return Rows(
            tuple(frame.columns[at] for at in kept),
            tuple(frame.are_numeric[at] for at in kept),
            [tuple(row[at] for at in kept) for row in frame.values],
        )
    return frame.drop(unknown)


def _is_unknown(frame: pl.DataFrame | Rows, name: str) -> bool:
    if isinstance(frame, Rows):
        return all(row[name] is None for row in frame.dicts())
    return frame[name].null_count() == frame.height


def notes_of_statement(frame: pl.DataFrame, traces: pl.DataFrame) -> list[str]:
    """What must be said next to rows of a statement of the user's own, which need not name their traces.

    `traces` are those of the study, with the column `predicted`.
    """
    has_times = any(name.endswith("_ns") for name in frame.columns)
    unnamed = [NOTE] if has_times and traces["predicted"].any() else []
    return (_of_predicted(frame) or unnamed) + time_sources.notes(frame)


def notes(frame: pl.DataFrame | Rows) -> list[str]:
    """What must be said next to an answer: of predicted times, of those that measured ones are compared with, and of times of two kinds."""
    return _of_predicted(frame) + time_sources.notes(frame)


def _of_predicted(frame: pl.DataFrame | Rows) -> list[str]:
    if has_predicted(frame):
        return [NOTE]
    return [EXPECTED_NOTE] if any(name in frame.columns for name in _EXPECTED) else []
