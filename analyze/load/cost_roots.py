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

# the cost_rank of a product
_PRODUCT = 2

_Slots = NDArray[np.int32]
_Flags = NDArray[np.bool_]


def fill_cost_root(con: duckdb.DuckDBPyConnection) -> None:
    """Insert the rows of cost_root."""
    operators = Places(con, "cpu_op", "op_id")
    none = operators.none
    parent, is_placed, is_timed = _nesting(operators)
    rank, is_known, signature = _candidates(operators)
    known, unknown = (operators.new(none, np.int32) for _ in range(2))
    for block in operators.blocks():
        can, knows, placed = rank[block] >= 0, is_known[block], is_placed[block]
        known[block] = np.where(knows & placed, block, parent[block])
        unknown[block] = np.where(can & ~knows & placed, block, parent[block])
    _follow(operators, known)
    _follow(operators, unknown)
    emptied = operators.new(False, np.bool_)
    for block in operators.blocks():
        inner = block[is_known[block] & is_placed[block]]
        outer = known[parent[inner]]
        emptied[outer[(outer < none) & (rank[inner] >= rank[outer])]] = True

    with_work = _with_work(con, operators)
    for block in operators.blocks():
        asked = block[with_work[block]]
        timed = is_timed[asked]
        chosen = np.where(is_known[asked], asked, np.where(timed, known[asked], none))
        chosen = np.where((chosen == none) & (rank[asked] >= 0), asked, chosen)
        chosen = np.where((chosen == none) & timed, unknown[asked], chosen)
        product = np.where(timed, _outermost(parent, known, rank, asked), none)
        found = np.stack([asked, chosen, product])[:, chosen < none]
        if found.size:
            insert(con, "cost_root", [_rows(operators, found, emptied, signature)])


def _rows(operators: Places, found: _Slots, emptied: _Flags, signature: _Slots) -> Rows:
    """Rows of operators, those that carry their cost and their products: int32[3, n]."""
    asked, chosen, product = found
    trace, op = operators.keys(asked)
    is_none = product == operators.none
    return {
        "trace_id": trace,
        "op_id": op,
        "cost_op_id": operators.keys(chosen)[1],
        "signature_id": signature[chosen],
        "has_cost": flags(~emptied[chosen]),
        "product_op_id": numbers(operators.keys(np.where(is_none, 0, product))[1], is_none),
        "product_signature_id": numbers(signature[product], is_none),
    }


def _outermost(parent: _Slots, known: _Slots, rank: NDArray[np.int8], asked: _Slots) -> _Slots:
    """The product, the outermost, of the known operators that are or surround those asked for."""
    none = len(parent) - 1
    found, around = np.full_like(asked, none), known[asked]
    while (around < none).any():
        found = np.where((around < none) & (rank[around] == _PRODUCT), around, found)
        around = known[parent[around]]
    return found


def _follow(operators: Places, found: _Slots) -> None:
    """Where a place points to one that points further, let it point there, until none does."""
    is_done = False
    while not is_done:
        is_done = True
        for block in operators.blocks():
            further = found[found[block]]
            is_done &= np.array_equal(further, found[block])
            found[block] = further


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


def _with_work(con: duckdb.DuckDBPyConnection, operators: Places) -> _Flags:
    found = operators.new(False, np.bool_)
    for trace, op in read_batches(con.table("work_op"), "trace_id", "coalesce(op_id, -1)"):
        found[operators.of(trace, op)] = True
    found[operators.none] = False
    return found


def _fits(since_ns: NDArray[np.int64]) -> _Flags:
    # what overflows is negative
    return (since_ns >= 0) & (since_ns < _LATEST_NS)
