"""Fill the tables of sums of work without joining all work: half of the time that their joins take.

The rows equal those of the SQL files of these names. Each work item gets one number for all texts that a
table groups by, mixed from their hashes; DuckDB adds up the items of each number, and the texts of the
first item are those of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import flags, relation_of
from genscope.analyze.load.places import Places, read_batches
from genscope.analyze.readers.arrow_column import numbers

# odd, so that no two numbers become one
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
# by table: what is added up, or compared
_ADDED = {"work": ("dur_ns",), "work_cost": ("flops", "bytes"), "work_step": ("step",)}
# by table: what operator_sum groups by besides operators, what work_sum does, and what work_group does
_OF_KIND = {"work": ("time_source",), "work_category": ("category",)}
_OF_SUM = {
    "work": ("time_source",),
    "work_category": ("category", "module_category"),
    "work_component": ("component",),
    "work_cost": ("flops IS NULL",),
    "work_step": ("step",),
}
_OF_GROUP = {
    "work": ("time_source", "name", "device_id"),
    "work_op": ("op_name", "op_id IS NULL", "source"),
    "work_category": ("category", "module_category", "source"),
    "work_component": ("component", "source"),
    "work_cost": ("flops IS NULL",),
    "work_module": ("module", "source"),
    "work_attention": ("role",),
    "work_phase": ("pass", "phase"),
    "work_step": ("source",),
}
_ADD_UP = """
  SELECT trace_id, number, min(work_id) AS work_id, count(*) AS work_count,
    sum(dur_ns)::DECIMAL(38, 0) AS work_ns, sum(flops)::DECIMAL(38, 0) AS flops,
    sum(bytes)::DECIMAL(38, 0) AS bytes, count(*) FILTER (WHERE flops > 0) AS product_count,
    if(min(step) = max(step), min(step), NULL) AS step, sum(begin_ns)::BIGINT AS begin_ns
  FROM item GROUP BY trace_id, number
"""
_PEAKS = """
  SELECT trace_id, number, count(peak_flops_per_s) AS peak_count,
    sum((flops * 1e9 / peak_flops_per_s)::DECIMAL(38, 6)) AS peak_ns,
    arg_max(arithmetic, flops / coalesce(peak_flops_per_s, 1)) AS arithmetic
  FROM item INNER JOIN work_arithmetic USING (trace_id, work_id) GROUP BY trace_id, number
"""
_WORK_SUM = """
  SELECT trace_id, time_source, component, work_step.step, category, module_category,
    summed.flops IS NOT NULL AS has_cost, work_count, work_ns, summed.flops, summed.bytes,
    if(product_count = coalesce(peak_count, 0), coalesce(peak_ns, 0), NULL)::DECIMAL(38, 6) AS peak_ns,
    arithmetic
  FROM summed INNER JOIN work USING (trace_id, work_id)
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_step USING (trace_id, work_id)
  INNER JOIN work_category USING (trace_id, work_id)
  LEFT JOIN peak USING (trace_id, number)
"""
# in two parts: DuckDB takes 20 ms to find an order for all these joins, and 3 ms for two halves
_WORK_GROUP = """
  WITH place AS MATERIALIZED (
    SELECT trace_id, work_id, component, work_component.source AS component_source, module,
      work_module.source AS module_source, role, pass, phase, work_step.source AS step_source
    FROM summed INNER JOIN work_component USING (trace_id, work_id)
    INNER JOIN work_module USING (trace_id, work_id)
    INNER JOIN work_attention USING (trace_id, work_id)
    INNER JOIN work_phase USING (trace_id, work_id)
    INNER JOIN work_step USING (trace_id, work_id)
  )
  SELECT place.* EXCLUDE (work_id), work_id AS first_work_id, time_source, device_id, work.name, op_name, input_dims,
    work_op.op_id IS NOT NULL AS has_operator, work_op.source AS op_source, category, module_category,
    work_category.source AS category_source, summed.flops IS NOT NULL AS has_cost, summed.step, work_count,
    begin_ns, work_ns, summed.flops, summed.bytes
  FROM summed INNER JOIN place USING (trace_id, work_id)
  INNER JOIN work USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  INNER JOIN work_category USING (trace_id, work_id)
  LEFT JOIN cpu_op ON work_op.trace_id = cpu_op.trace_id AND work_op.op_id = cpu_op.op_id
"""
_GROUPED_WORK = """
  SELECT trace_id, item.work_id, summed.work_id AS first_work_id, item.step, dur_ns
  FROM item INNER JOIN summed USING (trace_id, number)
"""

_CALLS = """
  SELECT trace_id, number, coalesce(min(work_id) FILTER (is_counted), min(work_id)) AS work_id,
    count(*) FILTER (is_counted) AS call_count, sum(dur_ns)::DECIMAL(38, 0) AS work_ns
  FROM item GROUP BY trace_id, number
"""
_OPERATOR_SUM = """
  SELECT trace_id, time_source, category, cpu_op.signature_id, cpu_op.name AS op_name, input_dims,
    input_types, call_count, work_ns
  FROM summed INNER JOIN work USING (trace_id, work_id)
  INNER JOIN work_category USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  LEFT JOIN cost_root ON work_op.trace_id = cost_root.trace_id AND work_op.op_id = cost_root.op_id
  LEFT JOIN cpu_op ON work_op.trace_id = cpu_op.trace_id
    AND cpu_op.op_id = if(cost_root.has_cost, cost_root.cost_op_id, work_op.op_id)
  SEMI JOIN (SELECT DISTINCT trace_id FROM cpu_op WHERE input_dims IS NOT NULL) AS shaped
    ON summed.trace_id = shaped.trace_id
"""

_PRODUCT_TIME = """
  SELECT trace_id, cost_op_id, any_value(signature_id) AS signature_id, sum(dur_ns)::DECIMAL(38, 0) AS work_ns
  FROM item SEMI JOIN (SELECT trace_id, signature_id FROM signature_cost WHERE flops > 0) AS product
    USING (trace_id, signature_id)
  SEMI JOIN (SELECT DISTINCT trace_id FROM kernel) AS gpu_trace USING (trace_id)
  WHERE cost_op_id IS NOT NULL GROUP BY trace_id, cost_op_id
"""

# one for each work item; equal where all texts are
_Numbers: TypeAlias = NDArray[np.uint64]


def fill_work_sums(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert the rows of all these tables."""
    items = _Items(con)
    calls = items.calls()
    with _summed(con, calls, {"summed": _CALLS}):
        con.execute(f"INSERT INTO operator_sum BY NAME {_OPERATOR_SUM}")
    relation_of(con, calls).query("item", _PRODUCT_TIME).insert_into("product_time")
    del calls
    parts = {"summed": _ADD_UP, "peak": _PEAKS}
    with _summed(con, items.rows(items.of_sum), parts):
        con.execute(f"INSERT INTO work_sum BY NAME {_WORK_SUM}")
    rows = items.rows(items.of_group)
    with _summed(con, rows, {"summed": _ADD_UP}):
        con.execute(f"INSERT INTO work_group BY NAME {_WORK_GROUP}")
        relation_of(con, rows).query("item", _GROUPED_WORK).insert_into("grouped_work")
    return True


class _Items:
    """What to add up of each work item, and its numbers in operator_sum, work_sum and work_group."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con, self._work = con, Places(con, "work", "work_id")
        self._operators = Places(con, "cpu_op", "op_id")
        self._operator = self._work.new(self._operators.none, np.int32)
        for places, trace, op in self._work.read("work_op", "trace_id", "coalesce(op_id, -1)"):
            self._operator[places] = self._operators.of(trace, op)
        self._is_work, self._is_core = (self._work.new(False, np.bool_) for _ in range(2))
        for places, is_core in self._work.read("work_attention", "role = 'core'"):
            self._is_core[places] = is_core != 0
        names = [name for added in _ADDED.values() for name in added]
        self._values = {name: self._work.new(0, np.int64) for name in (*names, "begin_ns")}
        self._absent = {name: self._work.new(True, np.bool_) for name in names}
        self._absent["begin_ns"] = self._work.new(False, np.bool_)
        self._of_kind, self.of_sum, self.of_group = (self._work.new(0, np.uint64) for _ in range(3))
        for table in _OF_GROUP:
            self._take_in(table)
        self._mix_shapes()
        self._take_in_gaps()

    def _take_in(self, table: str) -> None:
        """Keep what a table adds up, and mix into the numbers what it says of each item."""
        added = _ADDED.get(table, ())
        asked = [column for name in added for column in (f"coalesce({name}, 0)", f"{name} IS NULL")]
        all_mixed = ((self._of_kind, _OF_KIND), (self.of_sum, _OF_SUM), (self.of_group, _OF_GROUP))
        mixed = [(number, of[table]) for number, of in all_mixed if table in of]
        hashes = [f"hash({', '.join(columns)})" for _, columns in mixed]
        for places, *found in self._work.read(table, *asked, *hashes):
            for name, value, absent in zip(added, found[::2], found[1::2], strict=False):
                self._values[name][places], self._absent[name][places] = value, absent != 0
            for (number, _), value in zip(mixed, found[len(asked) :], strict=True):
                number[places] = (number[places] ^ value) * _FACTOR
            if table == "work":
                self._is_work[places] = True

    def _take_in_gaps(self) -> None:
        """Keep how long a device that had been asked for a kernel was idle before it."""
        most = self._con.table("limit_constant").project("queued_gap_high_ns").fetchall()[0][0]
        asked = ("trace_id", "coalesce(kernel_id, -1)", f"least(device_ns, {most})")
        for trace, kernel, value in read_batches(self._con, "idle_gap", *asked):
            self._values["begin_ns"][self._work.of(trace, kernel)] = value

    def _mix_shapes(self) -> None:
        """Mix into the numbers of work_group the shapes of each item's operator."""
        shapes = self._operators.new(0, np.uint64)
        for places, value in self._operators.read("cpu_op", "hash(input_dims)"):
            shapes[places] = value
        self.of_group[:] = (self.of_group ^ shapes[self._operator]) * _FACTOR

    def calls(self) -> pa.Table:
        """The items with the operator that carries their cost, else the one that asked for them.

        The items of an operator with a cost get the kind of most of its time. One item of each kind of an
        operator is counted.
        """
        operators, kind = self._operators, self._of_kind
        signature = operators.new(0, np.int32)
        op, has_cost = self._charged()
        for places, number in operators.read("cpu_op", "signature_id"):
            signature[places] = number
        main = operators.new(0, np.int32)
        main[op[::-1]] = np.arange(len(op))[::-1]
        counted = self._main_items(op, kind, main, has_cost)
        counted[main[op]] = True
        counted[op == operators.none] = False
        kind = np.where(has_cost[op], kind[main[op]], kind)
        number = (kind ^ signature[op].astype(np.uint64)) * _FACTOR
        number[op == operators.none] = kind[op == operators.none]
        works = np.flatnonzero(self._is_work)
        trace, work = self._work.keys(works)
        columns = [trace, work, number[works], self._values["dur_ns"][works]]
        names = ["trace_id", "work_id", "number", "dur_ns", "is_counted"]
        calls = pa.Table.from_arrays([*map(numbers, columns), flags(counted[works])], names)
        # outside attention's core
        is_part, cost_op = (has_cost[op] & ~self._is_core)[works], np.zeros(len(works), np.int64)
        cost_op[is_part] = operators.keys(op[works[is_part]])[1]
        for name, column in (
            ("cost_op_id", numbers(cost_op, ~is_part)),
            ("signature_id", numbers(signature[op[works]])),
        ):
            calls = calls.append_column(name, column)
        return calls

    def _charged(self) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The operator of each item, see calls, and of each operator whether it carries a cost."""
        operators = self._operators
        charged = np.arange(operators.none + 1, dtype=np.int32)
        has_cost = operators.new(False, np.bool_)
        columns = ("trace_id", "cost_op_id", "has_cost")
        for places, trace, op, carries in operators.read("cost_root", *columns):
            root = operators.of(trace, op)
            charged[places] = np.where(carries, root, places)
            has_cost[root] = carries
        return charged[self._operator], has_cost

    def _main_items(
        self,
        op: NDArray[np.int32],
        kind: _Numbers,
        main: NDArray[np.int32],
        has_cost: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Put into `main` the first item of the kind of most time of operators with work of several kinds.

        Returns which items are the first ones of a kind of such an operator without a cost.
        """
        is_mixed = self._operators.new(False, np.bool_)
        is_mixed[op[kind != kind[main[op]]]] = True
        is_mixed[-1] = False
        rows, is_first = np.flatnonzero(is_mixed[op]), np.zeros(len(op), np.bool_)
        if len(rows):
            kinds = np.unique(kind[rows])
            key = op[rows] * np.int64(len(kinds)) + np.searchsorted(kinds, kind[rows])
            order = np.argsort(key, kind="stable")
            starts = np.flatnonzero(np.diff(key[order], prepend=-1))
            total = np.add.reduceat(self._values["dur_ns"][rows[order]], starts)
            head = rows[order[starts]]
            is_first[head] = ~has_cost[op[head]]
            parts = np.flatnonzero(np.diff(op[head], prepend=-1))
            most = np.repeat(np.maximum.reduceat(total, parts), np.diff(parts, append=len(head)))
            head[total < most] = len(op)
            best = np.minimum.reduceat(head, parts)
            main[op[best]] = best
        return is_first

    def rows(self, number: _Numbers) -> pa.Table:
        """The items with their numbers."""
        works = np.flatnonzero(self._is_work)
        trace, work = self._work.keys(works)
        added = [numbers(self._values[n][works], self._absent[n][works]) for n in self._values]
        columns = [numbers(trace), numbers(work), numbers(number[works]), *added]
        return pa.Table.from_arrays(columns, ["trace_id", "work_id", "number", *self._values])


@contextmanager
def _summed(
    con: duckdb.DuckDBPyConnection, rows: pa.Table, parts: Mapping[str, str]
) -> Iterator[None]:
    """Within it, the parts are tables."""
    try:
        for name, part in parts.items():
            # a table, because DuckDB must know that it has few rows
            relation_of(con, rows).query("item", f"CREATE TEMP TABLE {name} AS {part}")
        yield
    finally:
        for name in parts:
            con.execute(f"DROP TABLE IF EXISTS temp.{name}")
