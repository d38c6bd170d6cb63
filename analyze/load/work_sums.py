"""Fill the tables of sums of work without joining all work: half of the time that their joins take.

The rows equal those of the SQL files of these names. Each work item gets one number for all texts that a
table groups by, mixed from their hashes; DuckDB adds up the items of each number, and the texts of the
first item are those of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import duckdb
import pyarrow as pa

from genscope.analyze.load.charged_calls import ChargedCalls
from genscope.analyze.load.columns import relation_of
from genscope.analyze.load.work_items import Items

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


def fill_work_sums(con: duckdb.DuckDBPyConnection) -> bool:
    """Insert the rows of all these tables."""
    items = Items(con)
    calls = ChargedCalls(items)
    with _summed(con, calls.rows, {"summed": _CALLS}):
        con.execute(f"INSERT INTO operator_sum BY NAME {_OPERATOR_SUM}")
    relation_of(con, calls.rows()).query("item", _PRODUCT_TIME).insert_into("product_time")
    del calls
    of_sum, of_group = (partial(items.rows, number) for number in (items.of_sum, items.of_group))
    with _summed(con, of_sum, {"summed": _ADD_UP, "peak": _PEAKS}):
        con.execute(f"INSERT INTO work_sum BY NAME {_WORK_SUM}")
    with _summed(con, of_group, {"summed": _ADD_UP}):
        con.execute(f"INSERT INTO work_group BY NAME {_WORK_GROUP}")
        relation_of(con, of_group()).query("item", _GROUPED_WORK).insert_into("grouped_work")
    return True


@contextmanager
def _summed(
    con: duckdb.DuckDBPyConnection,
    rows: Callable[[], pa.RecordBatchReader],
    parts: Mapping[str, str],
) -> Iterator[None]:
    """Within it, the parts are tables."""
    try:
        for name, part in parts.items():
            # a table, because DuckDB must know that it has few rows
            relation_of(con, rows()).query("item", f"CREATE TEMP TABLE {name} AS {part}")
        yield
    finally:
        for name in parts:
            con.execute(f"DROP TABLE IF EXISTS temp.{name}")
