"""Work items with the operator that is charged for each, to count calls of operators and add up their time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import flags
from genscope.analyze.load.work_items import FACTOR, Items
from genscope.analyze.readers.arrow_column import numbers

_CALL = pa.schema(
    [
        *(("trace_id", pa.int64()), ("work_id", pa.int64()), ("number", pa.uint64())),
        *(("dur_ns", pa.int64()), ("is_counted", pa.bool_())),
        *(("cost_op_id", pa.int64()), ("signature_id", pa.int32())),
    ]
)


class ChargedCalls:
    """The operator that carries the cost of each item, else the one that asked for it.

    The items of an operator with a cost get the kind of most of its time. One item of each kind of an
    operator is counted.
    """

    def __init__(self, items: Items) -> None:
        self._items = items
        operators, work = items.operators, items.work
        self._signature = operators.new(0, np.int32)
        for places, number in operators.read("cpu_op", "signature_id"):
            self._signature[places] = number
        self._op, self._has_cost = (
            work.new(operators.none, np.int32),
            operators.new(False, np.bool_),
        )
        self._charge()
        # the item of each operator whose kind is that of all
        self._main = operators.new(0, np.int32)
        for block in reversed(list(work.blocks())):
            self._main[self._op[block][::-1]] = block[::-1]
        self._counted = work.new(False, np.bool_)
        self._count_mixed()
        self._counted[self._main[self._op]] = True
        for block in work.blocks():
            self._counted[block] &= self._op[block] != operators.none

    def _charge(self) -> None:
        operators = self._items.operators
        charged = operators.new(operators.none, np.int32)
        for block in operators.blocks():
            charged[block] = block
        columns = ("trace_id", "cost_op_id", "has_cost")
        for places, trace, op, carries in operators.read("cost_root", *columns):
            root = operators.of(trace, op)
            charged[places] = np.where(carries, root, places)
            self._has_cost[root] = carries
        for block in self._items.work.blocks():
            self._op[block] = charged[self._items.operator[block]]

    def _count_mixed(self) -> None:
        """Find the main item of operators with work of several kinds: the first one of that of most time.

        Of such an operator without a cost, the first item of each kind is counted.
        """
        items, kind, op = self._items, self._items.of_kind, self._op
        is_mixed = items.operators.new(False, np.bool_)
        for block in items.work.blocks():
            is_mixed[op[block][kind[block] != kind[self._main[op[block]]]]] = True
        is_mixed[-1] = False
        parts = [block[is_mixed[op[block]]] for block in items.work.blocks()]
        rows = np.concatenate([np.zeros(0, np.int32), *parts])
        if not len(rows):
            return
        kinds = np.unique(kind[rows])
        key = op[rows] * np.int64(len(kinds)) + np.searchsorted(kinds, kind[rows])
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.diff(key[order], prepend=-1))
        total = np.add.reduceat(items.values["dur_ns"][rows[order]], starts)
        head = rows[order[starts]]
        self._counted[head] = ~self._has_cost[op[head]]
        of_one = np.flatnonzero(np.diff(op[head], prepend=-1))
        most = np.repeat(np.maximum.reduceat(total, of_one), np.diff(of_one, append=len(head)))
        head[total < most] = len(op)
        best = np.minimum.reduceat(head, of_one)
        self._main[op[best]] = best

    def rows(self) -> pa.RecordBatchReader:
        """The items, batch by batch; of those outside attention's core with their operator if it has a cost."""
        return pa.RecordBatchReader.from_batches(_CALL, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        items, none = self._items, self._items.operators.none
        for works in items.blocks():
            op = self._op[works]
            signature, kind = self._signature[op], items.of_kind[works]
            kind = np.where(self._has_cost[op], items.of_kind[self._main[op]], kind)
            mixed: NDArray[np.uint64] = (kind ^ signature.astype(np.uint64)) * FACTOR
            number = np.where(op == none, kind, mixed)
            is_part = self._has_cost[op] & ~items.is_core[works]
            cost_op = np.zeros(len(works), np.int64)
            cost_op[is_part] = items.operators.keys(op[is_part])[1]
            columns = [
                *map(numbers, (*items.work.keys(works), number, items.values["dur_ns"][works])),
                flags(self._counted[works]),
                numbers(cost_op, ~is_part),
                numbers(signature),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=_CALL)
