"""A small answer as plain Python values: a table of text needs no more, and polars takes long to import."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

_NUMERIC = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)")


@dataclass(frozen=True)
class Rows:
    """Column names, whether each column holds numbers, and the rows."""

    columns: tuple[str, ...]
    are_numeric: tuple[bool, ...]
    values: Sequence[tuple[Any, ...]]

    def dicts(self) -> Iterator[dict[str, Any]]:
        """Each row by column name."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.values)

    def is_empty(self) -> bool:
        """Whether there is no row."""
        return not self.values


def rows_of(result: duckdb.DuckDBPyConnection) -> Rows:
    """Fetch the rows of a connection's last SELECT."""
    described = result.description or []
    return Rows(
        tuple(column[0] for column in described),
        tuple(_NUMERIC.fullmatch(str(column[1])) is not None for column in described),
        result.fetchall(),
    )
