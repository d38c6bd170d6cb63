"""What a table says of work items, as numbers of few distinct answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import texts
from genscope.analyze.load.numbered import At
from genscope.analyze.load.tables import quoted
from genscope.analyze.readers.arrow_column import numbers

# makes the column of the items at some places
Column: TypeAlias = Callable[[At], pa.Array]
Rows: TypeAlias = Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Said:
    """What is said of each item: `code` has the number of its row, by the item's place."""

    columns: tuple[str, ...]
    rows: Rows
    code: At

    def listed(self, column: str) -> list[Any]:
        """A column of the rows."""
        at = self.columns.index(column)
        return [row[at] for row in self.rows]

    def column(self, name: str) -> Column:
        """A column by the items' places."""
        listed = self.listed(name)
        kinds = {type(value) for value in listed}
        if str in kinds:
            return lambda at: texts(self.code[at], listed)
        kind = np.float64 if float in kinds else np.int64
        few: NDArray[Any] = np.array([value or 0 for value in listed], kind)
        absent = np.array([value is None for value in listed], np.bool_)
        return lambda at: numbers(few[self.code[at]], absent[self.code[at]])

    def written(self) -> tuple[dict[str, Column], str]:
        """The columns that differ between rows, and the end of a list of columns with the others."""
        same = {name: value for name in self.columns if (value := self._constant(name))}
        told = {name: self.column(name) for name in self.columns if name not in same}
        return told, "".join(f", {value} AS {name}" for name, value in same.items())

    def _constant(self, name: str) -> str | None:
        """A column that is the same in all rows, as SQL; None if it isn't."""
        value, *others = set(self.listed(name))
        # a statement ends at the character NUL
        if others or isinstance(value, float) or "\0" in str(value):
            return None
        if value is None:
            return "NULL"
        return str(value) if isinstance(value, int) else f"'{quoted(str(value))}'"
