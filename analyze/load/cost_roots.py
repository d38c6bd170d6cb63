"""Fill cost_root by the operators' parents, in a fifth of the time of sorting all starts and ends.

The rows equal those of queries/cost/cost_root.sql. That SQL nests the operators that can carry a cost;
here each operator with work goes from parent to parent until it meets one.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np

from genscope.analyze.load.columns import Rows, flags, insert
from genscope.analyze.load.held import Held
from genscope.analyze.load.numbered import At
from genscope.analyze.load.operators import Operators
from genscope.analyze.load.places import read_batches
from genscope.analyze.native.arrays import put, take
from genscope.analyze.readers.arrow_column import numbers

# the SQL multiplies times since the outermost operator by 1,024, and leaves out what overflows
_LATEST_NS = 1 << 53

# the cost_rank of a product
_PRODUCT = 2


def fill_cost_root(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    """Insert the rows of cost_root; false, and no rows, if times are too far apart or operators too deep for it."""
    operators = held.operators(con)
    if operators.longest_ns >= _LATEST_NS or operators.are_too_deep:
        return False
    costs = _Costs(con, operators)
    insert(con, "cost_root", costs.roots())
    return True


class _Costs:
    """Of each operator by its place: what cost it can carry, and whether it has work."""

    def __init__(self, con: duckdb.DuckDBPyConnection, operators: Operators) -> None:
        self._operators, self._places = operators, operators.places.on(con)
        self._none = self._places.none
        # cost_candidate.cost_rank, -1 for others
        self._rank = self._places.new(-1, np.int8)
        self._is_known, self._is_unknown, self._has_work, self._is_emptied = (
            self._places.new(False, np.bool_) for _ in range(4)
        )
        self._signature = self._places.new(0, np.int32)
        columns = ("cost_rank", "is_known", "signature_id")
        for at, rank, is_known, signature in self._places.read("cost_candidate", *columns):
            put(self._rank, at, rank)
            put(self._signature, at, signature)
            put(self._is_known, at, is_known != 0)
            put(self._is_unknown, at, is_known == 0)
        for trace, op in read_batches(con.table("work_op_row"), "trace_id", "coalesce(op_id, -1)"):
            put(self._has_work, self._places.of(trace, op), True)
        self._has_work[self._none] = False
        for block in self._places.blocks():
            inner = block[take(self._is_known, block)]
            outer = self._known_around(inner)
            self._is_emptied[outer[self._rank[inner] >= self._rank[outer]]] = True

    def _known_around(self, at: At) -> At:
        return self._operators.around(self._is_known, take(self._operators.parent, at))

    def roots(self) -> Iterator[Rows]:
        """Yield the rows of cost_root."""
        for block in self._places.blocks():
            asked = block[take(self._has_work, block)]
            known = self._operators.around(self._is_known, asked)
            chosen = np.where((known == self._none) & (self._rank[asked] >= 0), asked, known)
            rest = np.flatnonzero(chosen == self._none)
            chosen[rest] = self._operators.around(self._is_unknown, asked[rest])
            found = np.stack([asked, chosen, self._outermost(known)])[:, chosen < self._none]
            if found.size:
                yield self._rows(found)

    def _outermost(self, known: At) -> At:
        """The product, the outermost, of the known operators that are or surround these."""
        found, rows = np.full_like(known, self._none), np.flatnonzero(known < self._none)
        while len(rows):
            is_product = rows[self._rank[known[rows]] == _PRODUCT]
            found[is_product] = known[is_product]
            known[rows] = self._known_around(known[rows])
            rows = rows[known[rows] < self._none]
        return found

    def _rows(self, found: At) -> Rows:
        """Rows of operators, those that carry their cost and their products: int32[3, n]."""
        asked, chosen, product = found
        trace, op = self._places.keys(asked)
        is_none = product == self._none
        return {
            "trace_id": trace,
            "op_id": op,
            "cost_op_id": self._places.keys(chosen)[1],
            "signature_id": self._signature[chosen],
            "has_cost": flags(~self._is_emptied[chosen]),
            "product_op_id": self._places.column(product),
            "product_signature_id": numbers(self._signature[product], is_none),
        }
