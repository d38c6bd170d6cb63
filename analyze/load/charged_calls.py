"""Count the calls of operators and add up their time, by the operator that is charged for each work item.

That is the operator that carries the cost of an item, else the one that asked for it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from genscope.analyze.load.columns import relation_of
from genscope.analyze.load.numbered import At
from genscope.analyze.load.totals import Total, totals
from genscope.analyze.load.work_costs import costed
from genscope.analyze.load.work_items import Flags, Items, ids
from genscope.analyze.native.arrays import add_at, least_at, put, take
from genscope.analyze.readers.arrow_column import numbers

_OPERATOR_SUM = """
  INSERT INTO operator_sum BY NAME
  SELECT summed.* EXCLUDE (op_id), signature_id, name AS op_name, input_dims, input_types
  FROM summed LEFT JOIN cpu_op USING (trace_id, op_id)
  SEMI JOIN (SELECT DISTINCT trace_id FROM cpu_op WHERE input_dims IS NOT NULL) AS shaped USING (trace_id)
"""
_PRODUCT_TIME = """
  INSERT INTO product_time BY NAME
  SELECT * REPLACE (try_cast(work_ns AS BIGINT) AS work_ns) FROM summed
"""


class ChargedCalls:
    """The operator that is charged for each item, and which items are counted as calls.

    The items of an operator with a cost get the kind of most of its time. One item of each kind of an
    operator is counted.
    """

    def __init__(self, items: Items) -> None:
        self._items = items
        operators = items.operators
        self.op = items.new(operators.none, np.int32)
        self.has_cost = operators.new(False, np.bool_)
        self._charge()
        kind = items.said("work", "time_source"), items.said("work_category", "category")
        self._said = {
            "time_source": kind[0].column("time_source"),
            "category": kind[1].column("category"),
        }
        self._is_multiplied = costed(items, "flops > 0")
        self._role = items.said("work_attention", "role")
        self._source = kind[0]
        # numbers of source and category
        self._kind = items.joint(*(one.code for one in kind))
        # the item of each operator whose kind is that of all
        self._main = operators.new(items.work.none, np.int32)
        for block in items.blocks():
            least_at(self._main, take(self.op, block), block)
        self._counted = items.new(False, np.bool_)
        self._count_mixed()
        self._counted[self._main] = True

    def _charge(self) -> None:
        items, operators = self._items, self._items.operators
        charged = operators.new(operators.none, np.int32)
        for block in operators.blocks():
            put(charged, block, block)
        columns = ("trace_id", "cost_op_id", "has_cost")
        for places, trace, op, carries in operators.read("cost_root", *columns):
            root = operators.of(trace, op)
            charged[places] = np.where(carries, root, places)
            self.has_cost[root] = carries
        for part in items.parts():
            self.op[part] = take(charged, items.op[part])

    def _count_mixed(self) -> None:
        """Find the main item of operators with work of several kinds: the first one of that of most time.

        Of such an operator without a cost, the first item of each kind is counted.
        """
        items, kind, op = self._items, self._kind, self.op
        is_mixed = items.operators.new(False, np.bool_)
        for part in items.parts():
            charged = op[part]
            is_other = kind[part] != take(kind, take(self._main, charged))
            put(is_mixed, charged[is_other], True)
        is_mixed[-1] = False
        parts = [block[take(is_mixed, take(op, block))] for block in items.blocks()]
        rows = np.concatenate([np.zeros(0, np.int32), *parts])
        if not len(rows):
            return
        key = op[rows] * np.int64(int(kind.max()) + 1) + kind[rows]
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.diff(key[order], prepend=-1))
        total = np.add.reduceat(items.dur[rows[order]], starts)
        head = rows[order[starts]]
        self._counted[head] = ~self.has_cost[op[head]]
        of_one = np.flatnonzero(np.diff(op[head], prepend=-1))
        most = np.repeat(np.maximum.reduceat(total, of_one), np.diff(of_one, append=len(head)))
        head[total < most] = len(op)
        best = np.minimum.reduceat(head, of_one)
        self._main[op[best]] = best

    def cost_op_id(self, at: At) -> pa.Array:
        """The ids of the products that items are parts of; NULL for others."""
        operators = self._items.operators
        return operators.column(np.where(self._is_part(at), take(self.op, at), operators.none))

    def _is_part(self, at: At) -> Flags:
        """Whether items are kernels of a product, outside attention's core."""
        op, signature = take(self.op, at), self._items.signature
        is_core = np.array([row[0] == "core" for row in self._role.rows], np.bool_)
        is_gpu = np.array([row[0] == "gpu" for row in self._source.rows], np.bool_)
        found: Flags = take(self.has_cost, op) & take(self._is_multiplied, take(signature, op))
        found &= take(~is_core, take(self._role.code, at))
        found &= take(is_gpu, take(self._source.code, at))
        return found

    def insert_operator_sum(self) -> None:
        """Insert the rows of operator_sum: of each kind of calls and signature."""
        items, none = self._items, self._items.operators.none
        code = self._calls()
        # a call that is counted has the kind of all
        first = items.firsts(code)
        size = len(first)
        count, work_ns = np.zeros(size, np.int64), totals(size)
        counted = np.full(size, items.work.none, np.int32)
        for block in items.blocks():
            work_ns.add(take(code, block), take(items.dur, block))
            called = block[take(self._counted, block) & (take(self.op, block) != none)]
            of_called = take(code, called)
            add_at(count, of_called, 1)
            least_at(counted, of_called, called)
        first = np.where(count > 0, counted, first)
        made = {
            "trace_id": numbers(items.work.traces[items.trace[first]]),
            "op_id": ids(items.operators, self.op)(first),
            **{name: column(first) for name, column in self._said.items()},
            "call_count": numbers(count),
            "work_ns": work_ns.column(),
        }
        _insert(items, made, _OPERATOR_SUM)

    def _calls(self) -> At:
        """Numbers of kind and signature."""
        items = self._items
        kind, of_call = items.new(0, np.int32), items.new(0, np.int32)
        for part in items.parts():
            op = self.op[part]
            of_main = take(self._kind, take(self._main, op))
            kind[part] = np.where(take(self.has_cost, op), of_main, self._kind[part])
            of_call[part] = take(items.signature, op)
        return items.joint(kind, of_call)

    def insert_product_time(self) -> None:
        """Insert the rows of product_time: of each operator with a cost and work outside attention's core."""
        items, operators = self._items, self._items.operators
        high, low = (operators.new(0, np.int64) for _ in range(2))
        has_work, total = operators.new(False, np.bool_), Total(high, low)
        for block in items.blocks():
            inside = block[self._is_part(block)]
            op = take(self.op, inside)
            total.add(op, take(items.dur, inside))
            put(has_work, op, True)
        op = np.concatenate([np.zeros(0, np.int32), *(b[has_work[b]] for b in operators.blocks())])
        # they are far apart, so each would bring in a whole array
        taken = operators.scratch.taken
        made = {
            "trace_id": numbers(operators.keys(op)[0]),
            "cost_op_id": ids(operators)(op),
            "signature_id": ids(items.signatures)(taken(items.signature, op)),
            "work_ns": Total(taken(high, op), taken(low, op)).column(),
        }
        _insert(items, made, _PRODUCT_TIME)


def _insert(items: Items, columns: dict[str, pa.Array], statement: str) -> None:
    table = pa.Table.from_arrays([*columns.values()], [*columns])
    relation_of(items.con, table).query("summed", statement)
