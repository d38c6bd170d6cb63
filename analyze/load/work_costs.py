"""Fill the tables of what each work item computes and costs, and of how long components had work.

The rows equal those of queries/run/work_category.sql, queries/cost/work_cost.sql and
queries/run/component_busy.sql.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.answered import fill_answered, fill_by_statement
from genscope.analyze.load.columns import insert, texts
from genscope.analyze.load.covered import Times
from genscope.analyze.load.numbered import At, Codes, split
from genscope.analyze.load.places import read_batches
from genscope.analyze.load.said import Column, Said
from genscope.analyze.load.sweep import LATEST_NS, by_start, fit
from genscope.analyze.load.work_items import Items
from genscope.analyze.native.arrays import least_at, most_at, put, take
from genscope.analyze.readers.arrow_column import numbers

_COSTS = ("flops", "element_flops", "bytes")
# how far a name without a category is from a product, see product_fit
_UNKNOWN_DISTANCE = 1

_Flags = NDArray[np.bool_]


# all that passes ask of work
_OF_WORK = ("time_source", "device_id", "name")


def fill_work_category(items: Items) -> bool:
    """Insert the rows of work_category."""
    if items.are_few:
        return False
    items.know("work", *_OF_WORK)
    name = items.said("work", "name")
    operator = items.said("work_op", "op_name", "root_op_name", "source")
    role = items.said("work_attention", "role")
    kind = items.joint(name.code, operator.code, role.code)
    fill_answered(items, "work_category", kind)
    return True


def fill_work_costs(items: Items) -> bool:
    """Insert the rows of work_cost and component_busy."""
    if items.are_few:
        return False
    items.know("work", *_OF_WORK)
    Costs(items).insert(items.said("work", "name"))
    _fill_component_busy(items)
    return True


def costed(items: Items, condition: str) -> _Flags:
    """Whether a row of signature_cost meets a condition, by the places of signatures."""
    found: _Flags = items.signatures.new(False, np.bool_)
    rows = items.con.table("signature_cost").filter(condition)
    for trace, number in read_batches(rows, "trace_id", "signature_id"):
        found[items.signatures.of(trace, number)] = True
    return found


class Signatures:
    """The cost of each distinct call by its place, and whether it is NULL."""

    def __init__(self, items: Items) -> None:
        con, self.places = items.con, items.signatures
        self.value = {name: self.places.new(0, np.int64) for name in _COSTS}
        self.absent = {name: self.places.new(True, np.bool_) for name in _COSTS}
        codes = Codes(con, ["signature_cost"], "formula")
        self.formulas = ["none", "unknown", *(row[0] or "none" for row in codes.rows)]
        self.formula = self.places.new(1, np.int32)
        asked = [column for n in _COSTS for column in (f"coalesce({n}, 0)", f"{n} IS NULL")]
        for at, formula, *found in self.places.read("signature_cost", "hash(formula)", *asked):
            for name, value, absent in zip(_COSTS, found[::2], found[1::2], strict=True):
                self.value[name][at], self.absent[name][at] = value, absent != 0
            self.formula[at] = np.where(self.absent["flops"][at], 1, codes.of(formula) + 2)


class Costs:
    """The operator that carries the cost of each item, and that cost."""

    def __init__(self, items: Items) -> None:
        self._items, self._operators = items, items.operators
        self._signatures = Signatures(items)
        none = self._operators.none
        self._carrier = self._operators.new(none, np.int32)
        self._signature = self._operators.new(0, np.int32)
        self._has_cost = self._operators.new(False, np.bool_)
        columns = ("trace_id", "cost_op_id", "signature_id", "has_cost")
        for at, trace, op, signature, has_cost in self._operators.read("cost_root", *columns):
            put(self._carrier, at, self._operators.of(trace, op))
            put(self._signature, at, self._signatures.places.of(trace, signature))
            put(self._has_cost, at, has_cost != 0)

    def insert(self, name: Said) -> None:
        """Insert the rows of work_cost."""
        items, signatures = self._items, self._signatures
        is_charged = self._charged(name)
        values = {column: items.new(0, np.int64) for column in _COSTS}
        absent = {column: items.new(True, np.bool_) for column in _COSTS}
        formula = items.new(0, np.int32)
        is_costed = items.gathered(self._carrier != self._operators.none, items.op)
        for block in items.only(is_costed).blocks():
            signature = take(self._signature, take(items.op, block))
            put(formula, block, take(signatures.formula, signature))
            is_zero = ~take(is_charged, block) & ~take(signatures.absent["flops"], signature)
            for column in _COSTS:
                value = np.where(is_zero, 0, take(signatures.value[column], signature))
                put(values[column], block, value)
                put(absent[column], block, take(signatures.absent[column], signature) & ~is_zero)
        for column in _COSTS:
            items.know_cost(column, values[column], absent[column])
        # only those that occur
        code = items.joint(formula)
        listed = [(signatures.formulas[formula[at]],) for at in items.firsts(code).tolist()]
        said = items.answered(("formula",), listed, code)
        columns = {column: _column(values[column], absent[column]) for column in _COSTS}
        items.insert("work_cost", columns, said)

    def _charged(self, name: Said) -> _Flags:
        """The item of each operator that carries its cost: that of the best name, the longest, the first."""
        operators, items, dur = self._operators, self._items, self._items.dur
        distances = self._distances(name)
        distance = items.new(0, np.int8)
        best = operators.new(np.iinfo(np.int8).max, np.int8)
        longest = operators.new(np.iinfo(np.int64).min, np.int64)
        first = operators.new(items.work.none, np.int32)
        for block, op in self._with_cost():
            is_product = take(self._signatures.value["flops"], take(self._signature, op)) > 0
            of_name = distances[items.trace[block], name.code[block]]
            own = np.where(is_product, of_name, 0)
            put(distance, block, own)
            least_at(best, take(self._carrier, op), own)
        for block, op in self._with_cost():
            carrier = take(self._carrier, op)
            is_best = take(distance, block) == take(best, carrier)
            most_at(longest, carrier[is_best], take(dur, block[is_best]))
        for block, op in self._with_cost():
            carrier = take(self._carrier, op)
            is_last = take(distance, block) == take(best, carrier)
            is_last &= take(dur, block) == take(longest, carrier)
            least_at(first, carrier[is_last], block[is_last])
        found = items.new(False, np.bool_)
        found[first] = True
        return found

    def _with_cost(self) -> Iterator[tuple[At, At]]:
        """Items whose operator has a cost, and the operator, a block at a time."""
        for block in self._items.blocks():
            op = take(self._items.op, block)
            has_cost = take(self._has_cost, op)
            yield block[has_cost], op[has_cost]

    def _distances(self, name: Said) -> NDArray[np.int8]:
        """How far a name is from a product, by the numbers of its trace and itself."""
        traces, items = self._items.work.traces.tolist(), self._items
        trace_of = {trace: number for number, trace in enumerate(traces)}
        number_of = {row[0]: number for number, row in enumerate(name.rows)}
        found = np.full((len(trace_of), len(number_of)), _UNKNOWN_DISTANCE, np.int8)
        fits = items.con.table("product_fit").project("trace_id, name, distance")
        for trace, text, distance in fits.fetchall():
            if trace in trace_of and text in number_of:
                found[trace_of[trace], number_of[text]] = distance
        return found


def _column(value: NDArray[np.int64], absent: _Flags) -> Column:
    return lambda at: numbers(take(value, at), take(absent, at))


def _fill_component_busy(items: Items) -> None:
    start, dur = items.new(0, np.int64), items.dur
    for at, start_ns in items.work.read("work_row", "start_ns"):
        put(start, at, start_ns)
    if not fit(items.work.scratch, start, dur):
        fill_by_statement(items.con, "component_busy")
        return
    component = items.said("work_component", "component")
    code = items.joint(component.code)
    first = items.firsts(code)
    rows = np.concatenate([np.zeros(0, np.int32), *items.blocks()])
    busy = [_busy_ns(items, start, part) for _, part in split(rows, take(code, rows))]
    found = {
        "trace_id": items.work.traces[items.trace[first]],
        "component": texts(component.code[first], component.listed("component")),
        "busy_ns": np.array(busy, np.int64),
    }
    insert(items.con, "component_busy", [found])


def _busy_ns(items: Items, start: Times, rows: At) -> int:
    """ns in which any of the items ran."""
    busy, reached = 0, np.int64(-LATEST_NS)
    scratch = items.work.scratch
    for block in scratch.blocks(by_start(scratch, start, rows)):
        begin = take(start, block)
        end = begin + take(items.dur, block)
        since = np.maximum.accumulate(np.append(reached, end))
        busy += int(np.maximum(end - np.maximum(begin, since[:-1]), 0).sum())
        reached = since[-1]
    return busy
