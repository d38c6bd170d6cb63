"""A place in an array for each row of a table, by trace and id, so that tables meet without a join."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import BATCH
from genscope.analyze.readers.arrow_column import as_numpy

Numbers = NDArray[np.int64]


class Places:
    """Places of the rows of a table whose ids count from 0 or 1 in each trace; the last one is `none`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str, column: str) -> None:
        self._con, self._column = con, column
        sizes = con.table(table).aggregate(f"trace_id, max({column}) + 1").order("trace_id")
        rows = sizes.fetchall()
        self._traces = np.array([row[0] for row in rows], np.int64)
        self._first = np.cumsum([0, *(row[1] for row in rows)], dtype=np.int64)
        self.none = int(self._first[-1])

    def of(self, trace: Numbers, number: Numbers) -> NDArray[np.int32]:
        """Places of ids; that of none where the id is -1."""
        if len(self._traces) == 1:
            found: NDArray[np.int32] = number.astype(np.int32)
            found[found < 0] = self.none
            return found
        first = self._first[np.searchsorted(self._traces, trace)]
        return np.where(number < 0, self.none, first + number).astype(np.int32)

    def keys(self, places: NDArray[Any]) -> tuple[Numbers, Numbers]:
        """Traces and ids of places."""
        sizes = np.diff(self._first)
        trace, first = np.repeat(self._traces, sizes), np.repeat(self._first[:-1], sizes)
        return trace[places], places - first[places]

    def new(self, value: Any, kind: type[np.generic]) -> NDArray[Any]:
        """An array with `value` for every row and for none."""
        return np.full(self.none + 1, value, kind)

    def read(self, table: str, *columns: str) -> Iterator[tuple[NDArray[Any], ...]]:
        """The places of the rows of a table with these ids, and columns as 64-bit integers; batch by batch."""
        wanted = ("trace_id", self._column, *columns)
        for trace, number, *values in read_batches(self._con, table, *wanted):
            yield self.of(trace, number), *values


def read_batches(
    con: duckdb.DuckDBPyConnection, table: str, *columns: str
) -> Iterator[list[Numbers]]:
    """Columns of a table without NULLs as int64, or uint64 from hash(), batch by batch."""
    asked = (c if c.startswith("hash(") else f"cast({c} AS BIGINT)" for c in columns)
    for batch in con.table(table).project(", ".join(asked)).to_arrow_reader(BATCH):
        yield [
            as_numpy(value, np.uint64 if name.startswith("hash(") else np.int64)
            for name, value in zip(columns, batch.columns, strict=True)
        ]
