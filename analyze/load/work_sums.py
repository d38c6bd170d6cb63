"""Fill work_sum and work_group without joining all work: half of the time that their joins take.

The rows equal those of the SQL files of these names. Each work item gets one number for all texts that a
table groups by, mixed from their hashes; DuckDB adds up the items of each number, and the texts of the
first item are those of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import relation_of
from genscope.analyze.load.places import Places
from genscope.analyze.readers.arrow_column import numbers

# odd, so that no two numbers become one
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
# what is added up, or compared, and its table
_ADDED = {"dur_ns": "work", "flops": "work_cost", "bytes": "work_cost", "step": "work_step"}
_ITEM = pa.schema(
    [("trace_id", pa.int64()), ("work_id", pa.int64()), ("number", pa.uint64())]
    + [(name, pa.int64()) for name in _ADDED]
)
# what both tables group by, what work_sum does too, and what work_group does too
_BOTH = {
    "work": ("time_source",),
    "work_category": ("category", "module_category"),
    "work_component": ("component",),
    "work_cost": ("flops IS NULL",),
}
_OF_SUM = {"work_step": ("step",)}
_OF_GROUP = {
    "work": ("name", "device_id"),
    "work_op": ("op_name", "op_id IS NULL", "source"),
    "work_category": ("source",),
    "work_component": ("source",),
    "work_module": ("module", "source"),
    "work_attention": ("role",),
    "work_phase": ("pass", "phase"),
    "work_step": ("source",),
}
_ADD_UP = """
  SELECT trace_id, number, min(work_id) AS work_id, count(*) AS work_count,
    sum(dur_ns)::DECIMAL(38, 0) AS work_ns, sum(flops)::DECIMAL(38, 0) AS flops,
    sum(bytes)::DECIMAL(38, 0) AS bytes, count(*) FILTER (WHERE flops > 0) AS product_count,
    if(min(step) = max(step), min(step), NULL) AS step
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
  SELECT place.* EXCLUDE (work_id), time_source, device_id, work.name, op_name, input_dims,
    work_op.op_id IS NOT NULL AS has_operator, work_op.source AS op_source, category, module_category,
    work_category.source AS category_source, summed.flops IS NOT NULL AS has_cost, summed.step, work_count,
    work_ns, summed.flops, summed.bytes
  FROM summed INNER JOIN place USING (trace_id, work_id)
  INNER JOIN work USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  INNER JOIN work_category USING (trace_id, work_id)
  LEFT JOIN cpu_op ON work_op.trace_id = cpu_op.trace_id AND work_op.op_id = cpu_op.op_id
"""

# one for each work item; equal where all texts are
_Numbers: TypeAlias = NDArray[np.uint64]


def fill_work_sums(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert the rows of both tables."""
    items = _Items(con)
    number = items.numbers()
    items.mix(number, _BOTH)
    of_sum = items.copy(number)
    items.mix(of_sum, _OF_SUM)
    parts = {"summed": _ADD_UP, "peak": _PEAKS}
    _insert(con, partial(items.rows, of_sum), "work_sum", _WORK_SUM, parts)
    del of_sum
    items.mix(number, _OF_GROUP)
    items.mix_shapes(number)
    _insert(con, partial(items.rows, number), "work_group", _WORK_GROUP, {"summed": _ADD_UP})
    return True


class _Items:
    """What to add up of each work item, and the numbers to group it by."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con, self._work = con, Places(con, "work", "work_id")
        self._is_work = self._work.new(False, np.bool_)
        self._values = {name: self._work.new(0, np.int64) for name in _ADDED}
        self._absent = {name: self._work.new(True, np.bool_) for name in _ADDED}
        for name, table in _ADDED.items():
            for places, value, absent in self._work.read(
                table, f"coalesce({name}, 0)", f"{name} IS NULL"
            ):
                self._values[name][places] = value
                self._absent[name][places] = absent != 0
                self._is_work[places] = True

    def numbers(self) -> _Numbers:
        """The same number for each item."""
        return self._work.new(0, np.uint64)

    def copy(self, number: _Numbers) -> _Numbers:
        """The same numbers in another array."""
        copied = self.numbers()
        for block in self._work.blocks():
            copied[block] = number[block]
        return copied

    def mix(self, number: _Numbers, tables: Mapping[str, tuple[str, ...]]) -> None:
        """Mix into the numbers what tables say of each item."""
        for table, columns in tables.items():
            for places, *values in self._work.read(table, *(f"hash({c})" for c in columns)):
                found = number[places]
                for value in values:
                    found = (found ^ value) * _FACTOR
                number[places] = found

    def mix_shapes(self, number: _Numbers) -> None:
        """Mix into the numbers the shapes of each item's operator."""
        operators = Places(self._con, "cpu_op", "op_id")
        shapes = operators.new(0, np.uint64)
        for places, value in operators.read("cpu_op", "hash(input_dims)"):
            shapes[places] = value
        for places, trace, op in self._work.read("work_op", "trace_id", "coalesce(op_id, -1)"):
            number[places] = (number[places] ^ shapes[operators.of(trace, op)]) * _FACTOR

    def rows(self, number: _Numbers) -> pa.RecordBatchReader:
        """The items with their numbers, batch by batch."""
        return pa.RecordBatchReader.from_batches(_ITEM, self._batches(number))

    def _batches(self, number: _Numbers) -> Iterator[pa.RecordBatch]:
        for block in self._work.blocks():
            works = block[self._is_work[block]]
            trace, work = self._work.keys(works)
            added = [numbers(self._values[n][works], self._absent[n][works]) for n in _ADDED]
            columns = [numbers(trace), numbers(work), numbers(number[works]), *added]
            yield pa.RecordBatch.from_arrays(columns, schema=_ITEM)


def _insert(
    con: duckdb.DuckDBPyConnection,
    rows: Callable[[], pa.RecordBatchReader],
    table: str,
    statement: str,
    parts: Mapping[str, str],
) -> None:
    try:
        for name, part in parts.items():
            # a table, because DuckDB must know that it has few rows
            relation_of(con, rows()).query("item", f"CREATE TEMP TABLE {name} AS {part}")
        con.execute(f"INSERT INTO {table} BY NAME {statement}")
    finally:
        for name in parts:
            con.execute(f"DROP TABLE IF EXISTS temp.{name}")
