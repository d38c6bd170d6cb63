"""Fill cost_root by the operators' parents, in a fifth of the time of sorting all starts and ends.

The rows equal those of queries/cost/cost_root.sql. That SQL nests the operators that can carry a cost;
here each operator points to the innermost of them around it, found by following parents in doubling steps.
"""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows, flags, insert
from genscope.analyze.load.places import Places, read_batches
from genscope.analyze.readers.arrow_column import numbers

# the SQL multiplies times since the outermost operator by 1,024, and leaves out what overflows
_LATEST_NS = 1 << 53

_Slots = NDArray[np.int32]
_Flags = NDArray[np.bool_]


def fill_cost_root(con: duckdb.DuckDBPyConnection) -> None:
    """Insert the rows of cost_root."""
    operators = Places(con, "cpu_op", "op_id")
    none = operators.none
    parent, is_placed, is_timed = _nesting(operators)
    rank, is_known, signature = _candidates(operators)
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
    product = np.where(is_timed[asked], _outermost(parent, known, rank == 2, asked), none)
    trace, op = operators.keys(asked)
    is_none = product == none
    rows: Rows = {
        "trace_id": trace,
        "op_id": op,
        "cost_op_id": operators.keys(chosen)[1],
        "signature_id": signature[chosen],
        "has_cost": flags(~emptied[chosen]),
        "product_op_id": numbers(operators.keys(np.where(is_none, 0, product))[1], is_none),
        "product_signature_id": numbers(signature[product], is_none),
    }
    insert(con, "cost_root", [rows])


def _outermost(parent: _Slots, known: _Slots, is_marked: _Flags, asked: _Slots) -> _Slots:
    """The marked one, the outermost, of the known operators that are or surround those asked for."""
    none = len(parent) - 1
    found, around = np.full_like(asked, none), known[asked]
    while (around < none).any():
        found = np.where((around < none) & is_marked[around], around, found)
        around = known[parent[around]]
    return found


def _innermost(parent: _Slots, is_marked: _Flags) -> _Slots:
    """The marked operator that is or surrounds each operator, the innermost one; else none."""
    found = np.where(is_marked, np.arange(len(parent), dtype=np.int32), parent)
    while True:
        further = found[found]
        if np.array_equal(further, found):
            return found
        found = further


def _nesting(operators: Places) -> tuple[_Slots, _Flags, _Flags]:
    """The parent of each operator, and whether both its times, or its start, fit into a moment."""
    parent = operators.new(operators.none, np.int32)
    is_placed, is_timed = operators.new(False, np.bool_), operators.new(False, np.bool_)
    starts = operators.new(0, np.int64)
    for slots, start in operators.read("cpu_op", "start_ns"):
        starts[slots] = start
    columns = ("trace_id", "coalesce(parent_op_id, -1)", "root_op_id", "end_ns")
    for slots, trace, parent_op, root_op, end in operators.read("cpu_op_parent", *columns):
        parent[slots] = operators.of(trace, parent_op)
        root_ns = starts[operators.of(trace, root_op)]
        is_timed[slots] = _fits(starts[slots] - root_ns)
        is_placed[slots] = is_timed[slots] & _fits(end - root_ns)
    return parent, is_placed, is_timed


def _candidates(operators: Places) -> tuple[NDArray[np.int8], _Flags, NDArray[np.int32]]:
    """Of each operator that can carry a cost: its cost_rank, else -1, whether its cost is known, its signature."""
    rank, is_known = operators.new(-1, np.int8), operators.new(False, np.bool_)
    signature = operators.new(0, np.int32)
    columns = ("cost_rank", "is_known", "signature_id")
    for slots, rank_of, known, number in operators.read("cost_candidate", *columns):
        rank[slots], is_known[slots], signature[slots] = rank_of, known != 0, number
    return rank, is_known, signature


def _with_work(con: duckdb.DuckDBPyConnection, operators: Places) -> _Slots:
    found = operators.new(False, np.bool_)
    for trace, op in read_batches(con, "work_op", "trace_id", "coalesce(op_id, -1)"):
        found[operators.of(trace, op)] = True
    found[operators.none] = False
    return np.flatnonzero(found).astype(np.int32)


def _fits(since_ns: NDArray[np.int64]) -> _Flags:
    # what overflows is negative
    return (since_ns >= 0) & (since_ns < _LATEST_NS)
