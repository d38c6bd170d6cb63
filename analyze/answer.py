"""The answer of one query: its rows, or the reasons why there are none.

People ask for a report when something looks odd. So a query that is refused or fails gives an answer
that says why, and never stops the report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.sql_file import SqlFile


@dataclass(frozen=True)
class Answer:
    """One query's rows; `notes` say why there are none, or which traces they leave out."""

    relation: SqlFile
    frame: pl.DataFrame
    notes: tuple[str, ...] = ()


def without_rows(relation: SqlFile, error: Exception) -> Answer:
    """The answer of a query that was refused or failed."""
    import polars as pl

    from genscope.errors import UserError

    note = str(error)
    if not isinstance(error, UserError):
        first = (note.splitlines() or [""])[0][:300]
        note = f"the query failed with {type(error).__name__}: {first}"
    nothing = pl.DataFrame(schema=dict.fromkeys(relation.columns, pl.String()))
    return Answer(relation, nothing, (note,))
