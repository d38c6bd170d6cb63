"""Fill cost_root by the operators' parents, in a fifth of the time of sorting all starts and ends.

The rows equal those of queries/cost/cost_root.sql. That SQL nests the operators that can carry a cost;
here each operator points to the innermost of them around it, found by following parents in doubling steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import BATCH, insert
from genscope.analyze.readers.arrow_column import as_numpy

# the SQL multiplies times since the outermost operator by 1,024, and leaves out what overflows
_LATEST_NS = 1 << 53

_Slots = NDArray[np.int32]
_Flags = NDArray[np.bool_]


class _Operators:
    """A slot for each operator of the database, by trace and op_id; the last slot means none."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        sizes = con.table("cpu_op").aggregate("trace_id, max(op_id) + 1").order("trace_id")
        rows = sizes.fetchall()
        self._traces = np.array([row[0] for row in rows], np.int64)
        self._first = np.cumsum([0, *(row[1] for row in rows)], dtype=np.int64)
        self.none = int(self._first[-1])

    def slots(self, trace: NDArray[np.int64], op: NDArray[np.int64]) -> _Slots:
        """Slots of operators; that of none where op_id is -1."""
        first = self._first[np.searchsorted(self._traces, trace)]
        return np.where(op < 0, self.none, first + op).astype(np.int32)

    def keys(self, slots: _Slots) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Traces and op_ids of slots."""
        place = np.searchsorted(self._first, slots, side="right") - 1
        return self._traces[place], slots - self._first[place]

    def new(self, value: Any, kind: type[np.generic]) -> NDArray[Any]:
        """An array with `value` for every operator and for none."""
        return np.full(self.none + 1, value, kind)


def fill_cost_root(con: duckdb.DuckDBPyConnection) -> None:
    """Insert the rows of cost_root."""
    operators = _Operators(con)
    none = operators.none
    parent, is_placed, is_timed = _nesting(con, operators)
    rank, is_known = _candidates(con, operators)
    known = _innermost(parent, is_known & is_placed)
    unknown = _innermost(parent, (rank >= 0) & ~is_known & is_placed)

    inner = np.flatnonzero(is_known & is_placed)
    outer = known[parent[inner]]
    emptied = operators.new(False, np.bool_)
    emptied[outer[(outer < none) & (rank[inner] >= rank[outer])]] = True

    asked = _with_work(con, operators)
    chosen = np.where(is_known[asked], asked, np.where(is_timed[asked], known[asked], none))
    chosen = np.where((chosen == none) & (rank[asked] >= 0), asked, chosen)
    chosen = np.where((chosen == none) & is_timed[asked], unknown[asked], chosen)
    asked, chosen = asked[chosen < none], chosen[chosen < none]
    trace, op = operators.keys(asked)
    columns = (trace, op, operators.keys(chosen)[1], (~emptied[chosen]).astype(np.int64))
    names = ("trace_id", "op_id", "cost_op_id", "has_cost")
    insert(con, "cost_root", [dict(zip(names, columns, strict=True))])


def _innermost(parent: _Slots, is_marked: _Flags) -> _Slots:
    """The marked operator that is or surrounds each operator, the innermost one; else none."""
    found = np.where(is_marked, np.arange(len(parent), dtype=np.int32), parent)
    while True:
        further = found[found]
        if np.array_equal(further, found):
            return found
        found = further


def _nesting(
    con: duckdb.DuckDBPyConnection, operators: _Operators
) -> tuple[_Slots, _Flags, _Flags]:
    """The parent of each operator, and whether both its times, or its start, fit into a moment."""
    parent = operators.new(operators.none, np.int32)
    is_placed, is_timed = operators.new(False, np.bool_), operators.new(False, np.bool_)
    starts = operators.new(0, np.int64)
    for trace, op, start in _read(con, "cpu_op", "trace_id", "op_id", "start_ns"):
        starts[operators.slots(trace, op)] = start
    columns = ("trace_id", "op_id", "coalesce(parent_op_id, -1)", "root_op_id", "end_ns")
    for trace, op, parent_op, root_op, end in _read(con, "cpu_op_parent", *columns):
        slots = operators.slots(trace, op)
        parent[slots] = operators.slots(trace, parent_op)
        root_ns = starts[operators.slots(trace, root_op)]
        is_timed[slots] = _fits(starts[slots] - root_ns)
        is_placed[slots] = is_timed[slots] & _fits(end - root_ns)
    return parent, is_placed, is_timed


def _candidates(
    con: duckdb.DuckDBPyConnection, operators: _Operators
) -> tuple[NDArray[np.int8], _Flags]:
    """The cost_rank of each operator that can carry a cost, else -1, and whether its cost is known."""
    rank, is_known = operators.new(-1, np.int8), operators.new(False, np.bool_)
    columns = ("trace_id", "op_id", "cost_rank", "is_known")
    for trace, op, rank_of, known in _read(con, "cost_candidate", *columns):
        slots = operators.slots(trace, op)
        rank[slots], is_known[slots] = rank_of, known != 0
    return rank, is_known


def _with_work(con: duckdb.DuckDBPyConnection, operators: _Operators) -> _Slots:
    found = operators.new(False, np.bool_)
    for trace, op in _read(con, "work_op", "trace_id", "coalesce(op_id, -1)"):
        found[operators.slots(trace, op)] = True
    found[operators.none] = False
    return np.flatnonzero(found).astype(np.int32)


def _fits(since_ns: NDArray[np.int64]) -> _Flags:
    # what overflows is negative
    return (since_ns >= 0) & (since_ns < _LATEST_NS)


def _read(
    con: duckdb.DuckDBPyConnection, table: str, *columns: str
) -> Iterator[list[NDArray[np.int64]]]:
    """Columns of a table as int64, batch by batch."""
    asked = con.table(table).project(", ".join(f"cast({column} AS BIGINT)" for column in columns))
    for batch in asked.to_arrow_reader(BATCH):
        yield [as_numpy(column, np.int64) for column in batch.columns]
