"""Fill the tables of sums of work without joining all work.

The rows equal those of the SQL files of these names. Each work item gets one number for all that a table
groups by; the values of each number are added up in arrays, and what is said of the first item is said of
all.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.answered import fill_answered
from genscope.analyze.load.charged_calls import ChargedCalls
from genscope.analyze.load.columns import flags, relation_of
from genscope.analyze.load.places import read_batches
from genscope.analyze.load.product_sums import fill_product_sum
from genscope.analyze.load.said import Column, Said
from genscope.analyze.load.totals import totals
from genscope.analyze.load.work_items import Items, ids
from genscope.analyze.native.arrays import add_at, least_at, most_at, put, take
from genscope.analyze.readers.arrow_column import numbers

# what work_sum groups by
_OF_SUM = {
    "time_source": "work.time_source",
    "component": "work_component.component",
    "step": "work_step.step",
    "category": "work_category.category",
    "module_category": "work_category.module_category",
}
# what work_group groups by, besides shapes and whether the operator and the FLOPs are known
_OF_GROUP = {
    "time_source": "work.time_source",
    "device_id": "work.device_id",
    "name": "work.name",
    "op_name": "work_op.op_name",
    "op_source": "work_op.source",
    "category": "work_category.category",
    "module_category": "work_category.module_category",
    "category_source": "work_category.source",
    "component": "work_component.component",
    "component_source": "work_component.source",
    "module": "work_module.module",
    "module_source": "work_module.source",
    "role": "work_attention.role",
    "pass": "work_phase.pass",
    "phase": "work_phase.phase",
    "step_source": "work_step.source",
}

_PEAKS = """
  CREATE TEMP TABLE peak AS
  SELECT number, count(peak_flops_per_s) AS peak_count,
    sum((flops * 1e9 / peak_flops_per_s)::DECIMAL(38, 6)) AS peak_ns,
    arg_max(arithmetic, flops / coalesce(peak_flops_per_s, 1)) AS arithmetic
  FROM item INNER JOIN work_arithmetic USING (trace_id, work_id) GROUP BY number
"""
_WORK_SUM = """
  INSERT INTO work_sum BY NAME
  SELECT summed.* EXCLUDE (number, product_count), arithmetic,
    if(product_count = coalesce(peak_count, 0), coalesce(peak_ns, 0), NULL)::DECIMAL(38, 6) AS peak_ns
  FROM summed LEFT JOIN temp.peak USING (number)
"""


def fill_work_sums(items: Items) -> bool:
    """Insert the rows of work_arithmetic, product_sum and work_sum."""
    if not items.count:
        return True
    _read(items)
    products = items.only(items.cost("flops")[0] > 0)
    if products.count:
        _fill_work_arithmetic(products)
    fill_product_sum(items)
    _fill_work_sum(items, products)
    return True


def fill_work_groups(items: Items) -> bool:
    """Insert the rows of operator_sum, product_time, work_group and grouped_work."""
    if not items.count:
        return True
    _read(items)
    calls = ChargedCalls(items)
    calls.insert_operator_sum()
    calls.insert_product_time()
    _fill_work_groups(items, calls)
    return True


def _read(items: Items) -> None:
    """Read each table once for both."""
    for table, columns in _by_table(_OF_SUM | _OF_GROUP).items():
        items.know(table, *columns)


class Groups:
    """The items of which some columns, and whether FLOPs are known, are the same; `codes` are of more."""

    def __init__(self, items: Items, asked: Mapping[str, str], *codes: Said) -> None:
        self._items = items
        said = {table: items.said(table, *columns) for table, columns in _by_table(asked).items()}
        self._flops, has_none = items.cost("flops")
        known = [one.code for one in (*said.values(), *codes)]
        self.code = items.joint(*known, has_none.view(np.uint8))
        self.first = items.firsts(self.code)
        self._has_none = has_none[self.first]
        self._said = {
            **{
                name: said[of.partition(".")[0]].column(of.partition(".")[2])
                for name, of in asked.items()
            },
            **{name: one.column(name) for one in codes for name in one.columns},
        }

    def columns(self) -> dict[str, pa.Array]:
        """What is said of the items of each group, how many they are, and their sums."""
        items, size = self._items, len(self.first)
        work_ns, flops, bytes_ = (totals(size) for _ in range(3))
        of_bytes, no_bytes = items.cost("bytes")
        has_bytes = np.zeros(size, np.bool_)
        for part in items.parts():
            code = self.code[part]
            work_ns.add(code, items.dur[part])
            flops.add(code, self._flops[part])
            bytes_.add(code, of_bytes[part])
            put(has_bytes, code[~no_bytes[part]], True)
        return {
            "trace_id": numbers(items.work.traces[items.trace[self.first]]),
            **{name: column(self.first) for name, column in self._said.items()},
            "has_cost": flags(~self._has_none),
            "work_count": numbers(self.counted(items)),
            "work_ns": work_ns.column(),
            "flops": flops.column(self._has_none),
            "bytes": bytes_.column(~has_bytes),
        }

    def counted(self, some: Items) -> NDArray[np.int64]:
        """How many of these items each group has."""
        count = np.zeros(len(self.first), np.int64)
        for part in some.parts():
            add_at(count, self.code[part], 1)
        return count


def _fill_work_arithmetic(products: Items) -> None:
    signature = products.operators.new(0, np.int32)
    for at, number in products.operators.read("cost_root", "signature_id"):
        put(signature, at, number)
    work = products.said("work", "time_source", "device_id", "name")
    formula = products.said("work_cost", "formula")
    signatures = products.gathered(signature, products.op)
    fill_answered(products, "work_arithmetic", products.joint(work.code, formula.code, signatures))


def _fill_work_sum(items: Items, products: Items) -> None:
    groups = Groups(items, _OF_SUM)
    made = {
        "number": numbers(np.arange(len(groups.first))),
        **groups.columns(),
        "product_count": numbers(groups.counted(products)),
    }
    flops = items.cost("flops")[0]
    numbered: dict[str, Column] = {
        "number": lambda at: numbers(groups.code[at]),
        "flops": lambda at: numbers(flops[at]),
    }
    try:
        relation_of(items.con, products.rows(numbered)).query("item", _PEAKS)
        relation_of(items.con, _table(made)).query("summed", _WORK_SUM)
    finally:
        items.con.execute("DROP TABLE IF EXISTS temp.peak")


def _fill_work_groups(items: Items, calls: ChargedCalls) -> None:
    is_known = items.new(0, np.int32)
    for part in items.parts():
        is_known[part] = items.op[part] != items.operators.none
    has_operator = Said(("has_operator",), [(False,), (True,)], is_known)
    groups = Groups(items, _OF_GROUP, _shapes(items), has_operator)
    step = items.said("work_step", "step")
    made = {
        **groups.columns(),
        "first_work_id": ids(items.work)(groups.first),
        "step": _only_step(items, groups, step),
        "start_ns": numbers(_start_ns(items, groups)),
        "begin_ns": numbers(_begin_ns(items, groups)),
    }
    insert = "INSERT INTO work_group BY NAME FROM made"
    relation_of(items.con, _table(made)).query("made", insert)
    columns: dict[str, Column] = {
        "first_work_id": lambda at: ids(items.work)(groups.first[groups.code[at]]),
        "step": step.column("step"),
        "dur_ns": lambda at: numbers(items.dur[at]),
        "cost_op_id": calls.cost_op_id,
    }
    items.insert("grouped_work", columns)


def _shapes(items: Items) -> Said:
    """The shapes of each item's operator."""
    shapes, of_signature = items.of_signatures("input_dims")
    rows = [(shape,) for shape in shapes]
    code = items.gathered(of_signature[items.signature], items.op)
    return items.answered(("input_dims",), rows, code)


def _only_step(items: Items, groups: Groups, step: Said) -> pa.Array:
    """The step of all items of each group that have one; NULL if there are several."""
    value = np.array([row[0] or 0 for row in step.rows], np.int64)
    is_none = np.array([row[0] is None for row in step.rows], np.bool_)
    limits = np.iinfo(np.int64)
    low = np.full(len(groups.first), limits.max)
    high = np.full(len(groups.first), limits.min)
    for part in items.parts():
        number = step.code[part]
        has_step = ~take(is_none, number)
        group, some = groups.code[part][has_step], take(value, number[has_step])
        least_at(low, group, some)
        most_at(high, group, some)
    return numbers(low, low != high)


def _start_ns(items: Items, groups: Groups) -> NDArray[np.int64]:
    """When the first item of each group starts."""
    found = np.full(len(groups.first), np.iinfo(np.int64).max)
    for at, start in items.work.read("work_row", "start_ns"):
        least_at(found, take(groups.code, at), start)
    return found


def _begin_ns(items: Items, groups: Groups) -> NDArray[np.int64]:
    """How long devices that had been asked for the groups' kernels were idle before them."""
    most = items.con.table("limit_constant").project("queued_gap_high_ns").fetchall()[0][0]
    gaps = items.con.table("idle_gap_row").filter("kernel_id IS NOT NULL AND device_ns > 0")
    found = np.zeros(len(groups.first), np.int64)
    asked = ("trace_id", "kernel_id", f"least(device_ns, {most})")
    for trace, kernel, value in read_batches(gaps, *asked):
        add_at(found, take(groups.code, items.work.of(trace, kernel)), value)
    return found


def _by_table(asked: Mapping[str, str]) -> dict[str, list[str]]:
    """The columns that are asked for, by their tables."""
    found: dict[str, list[str]] = {}
    for table, _, column in (name.partition(".") for name in asked.values()):
        found.setdefault(table, []).append(column)
    return found


def _table(columns: Mapping[str, pa.Array]) -> pa.Table:
    return pa.Table.from_arrays([*columns.values()], [*columns])
