"""What the rows of a table say in texts, as numbers, found by the numbers of the texts; see narrow.

To join a million rows with their texts and to hash those takes longer than all else that is read of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.narrow import TEXT_ID
from genscope.analyze.load.numbered import At
from genscope.analyze.load.places import Places
from genscope.analyze.native.arrays import take
from genscope.analyze.readers.kineto.texts import GROUP_BITS

# The number of a combination of texts within its trace. A Kineto trace's ids have the category above it.
_TEXT = f"{TEXT_ID} & {(1 << GROUP_BITS) - 1}"


class RowTexts:
    """Numbers by what expressions say of a table's combinations of texts; `asked` are pairs of both."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        table: str,
        *asked: tuple[str, Callable[[NDArray[Any]], At]],
    ) -> None:
        self._rows, texts = f"{table}_row", f"{table}_text"
        self.places = Places(con, texts, _TEXT)
        self._numbers = [self.places.new(0, np.int32) for _ in asked]
        for at, *values in self.places.read(texts, *(expression for expression, _ in asked)):
            for number, (_, of), value in zip(self._numbers, asked, values, strict=True):
                number[at] = of(value)

    def read(
        self, places: Places, *columns: str
    ) -> Iterator[tuple[NDArray[Any], list[At], list[NDArray[Any]]]]:
        """The places of the table's rows, the numbers of their texts, and columns; batch by batch."""
        for at, trace, text, *values in places.read(self._rows, "trace_id", _TEXT, *columns):
            found = self.places.of(trace, text)
            yield at, [take(number, found) for number in self._numbers], values
