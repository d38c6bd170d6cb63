"""Make a frame small enough to read: some columns, few rows, short texts, six significant digits.

A program that talks to a language model pays for every character, and a kernel's name may have a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from genscope.analyze.near import suggestion
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 200
# some 5,000 tokens
MOST_CHARACTERS = 20_000
MOST_TEXT = 160


def small(
    frame: pl.DataFrame,
    *,
    columns: Sequence[str] = (),
    most_rows: int = 20,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """The first rows of a frame as `columns` and `rows`, and `notes`, which say what was left out.

    Raises UserError for an unknown column.
    """
    for name in columns:
        if name not in frame.columns:
            raise UserError(
                f"there is no column {name!r}; there are {', '.join(frame.columns)}"
                f"{suggestion(name, frame.columns)}"
            )
    wanted = frame.select(columns) if columns else frame
    head = wanted.head(max(1, min(most_rows, MOST_ROWS)))
    rows = [[_value(value) for value in row] for row in head.iter_rows()]
    while len(rows) > 1 and len(msgspec.json.encode(rows)) > MOST_CHARACTERS:
        rows = rows[: len(rows) // 2]
    said = list(notes)
    if len(rows) < frame.height:
        said.append(
            f"{len(rows)} of {frame.height} rows; choose fewer columns, or aggregate or filter with sql"
        )
    answer = {"columns": wanted.columns, "rows": rows, "row_count": frame.height}
    return answer | ({"notes": said} if said else {})


def text_of(answer: object) -> str:
    """The answer as compact JSON."""
    return msgspec.json.Encoder(enc_hook=str).encode(answer).decode()


def _value(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MOST_TEXT:
        return value[: MOST_TEXT - 1] + "…"
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return [_value(part) for part in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value
