"""A place in an array for each row of a table, by trace and id, so that tables meet without a join."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import BATCH
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.readers.arrow_column import as_numpy, numbers

Numbers = NDArray[np.int64]


class Places:
    """Places of the rows of a table whose ids count from 0 or 1 in each trace; the last one is `none`."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        table: str,
        column: str,
        scratch: Scratch | None = None,
    ) -> None:
        self.con, self._column, self.scratch = con, column, scratch or Scratch(con)
        # a relation is bound again by each step
        sizes = f"SELECT trace_id, max({column}) + 1 FROM {table} GROUP BY trace_id"
        rows = sorted(con.execute(sizes).fetchall())
        self.traces = np.array([row[0] for row in rows], np.int64)
        self._first = np.cumsum([0, *(row[1] for row in rows)], dtype=np.int64)
        self.none = int(self._first[-1])

    def on(self, con: duckdb.DuckDBPyConnection) -> Places:
        """The same, read on another connection."""
        other = copy(self)
        other.con = con
        return other

    def of(self, trace: Numbers, number: Numbers) -> NDArray[np.int32]:
        """Places of ids; that of none where the id is -1."""
        if len(self.traces) > 1:
            number = np.where(
                number < 0, -1, number + self._first[np.searchsorted(self.traces, trace)]
            )
        places = number.astype(np.int32)
        places[places < 0] = self.none
        return places

    def first(self, trace: int) -> int:
        """The place of id 0 of a trace."""
        return int(self._first[np.searchsorted(self.traces, trace)])

    def count(self, trace: int) -> int:
        """How many places a trace has."""
        at = np.searchsorted(self.traces, [trace, trace + 1])
        return int(np.diff(self._first[at])[0])

    def rows(self, trace: int) -> NDArray[np.int32]:
        """The places of a trace's ids."""
        at = np.searchsorted(self.traces, [trace, trace + 1])
        return np.arange(*self._first[at], dtype=np.int32)

    def keys(self, places: NDArray[Any]) -> tuple[Numbers, Numbers]:
        """Traces and ids of places."""
        at = np.searchsorted(self._first, places, side="right") - 1
        return self.traces[at], places - self._first[at]

    def ids(self, places: NDArray[Any]) -> Numbers:
        """Ids of places."""
        return places.astype(np.int64) if len(self.traces) == 1 else self.keys(places)[1]

    def column(self, places: NDArray[Any]) -> pa.Array:
        """Ids of places, NULL for none."""
        is_none = places == self.none
        if is_none.all():
            return numbers(np.zeros(len(places), np.int64), is_none)
        return numbers(self.ids(np.where(is_none, 0, places)), is_none)

    def new(self, value: Any, kind: type[np.generic]) -> NDArray[Any]:
        """An array with `value` for every row and for none; see Scratch."""
        return self.scratch.new(self.none + 1, value, kind)

    def parts(self) -> Iterator[slice]:
        """All places, those of a block at a time; what was read of a block is released now and then."""
        for first in range(0, self.none, BATCH):
            yield slice(first, min(first + BATCH, self.none))
            self.scratch.release_some()

    def blocks(self) -> Iterator[NDArray[np.int32]]:
        """The same as arrays."""
        for part in self.parts():
            yield np.arange(part.start, part.stop, dtype=np.int32)

    def read(self, table: str, *columns: str) -> Iterator[tuple[NDArray[Any], ...]]:
        """The places of the rows of a table with these ids, and columns as 64-bit integers; batch by batch."""
        one = len(self.traces) == 1
        wanted = ("trace_id", self._column, *columns)
        asked = [column for column in wanted if not (one and column == "trace_id")]
        for found in read_batches(self.con.table(table), *asked):
            # the column of one trace takes as long to read as one of numbers
            trace = np.broadcast_to(self.traces, len(found[0])) if one else found[0]
            values = iter(found)
            all_values = [trace if one and c == "trace_id" else next(values) for c in wanted]
            yield self.of(*all_values[:2]), *all_values[2:]
            self.scratch.release_some()


def read_batches(relation: duckdb.DuckDBPyRelation, *columns: str) -> Iterator[list[Numbers]]:
    """Columns of a table without NULLs as int64, or uint64 from hash(), batch by batch.

    Not of a union: DuckDB 1.5.6 hangs where it streams a long one.
    """
    asked = (c if c.startswith("hash(") else f"cast({c} AS BIGINT)" for c in columns)
    for batch in relation.project(", ".join(asked)).to_arrow_reader(BATCH):
        yield [
            as_numpy(value, np.uint64 if name.startswith("hash(") else np.int64)
            for name, value in zip(columns, batch.columns, strict=True)
        ]
