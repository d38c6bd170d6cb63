-- operator_sum: the work of a trace added up by operator, with its shapes, types and layout.
--
-- Why:     a program calls few distinct operators, however long it runs, and what one call should
--          take is known for each of them.
-- Grain:   one row per (trace_id, time_source, category, signature_id) of a trace with shapes
-- Inputs:  work, work_op, work_category, cost_root, cpu_op
-- From:    cpu_op WHERE input_dims IS NOT NULL
-- Columns:
--   trace_id      trace.trace_id
--   time_source   work.time_source
--   category      see work_category; of an operator with a cost, that of most of its time, and of
--                 equal ones that of its first work item
--   signature_id  cpu_op.signature_id of the operator that carries the work's cost, else of the one
--                 that the work belongs to; NULL if there is none
--   op_name       its name
--   input_dims    its shapes
--   input_types   their types
--   call_count    times that it ran
--   work_ns       ns, sum of durations; a DECIMAL, see work_sum
-- Never:   WHERE (signature_id IS NULL) <> (call_count = 0)
WITH op_work AS (
  SELECT
    work.trace_id,
    -- an operator without a cost, such as a compiled region, stands for itself
    coalesce(cost_root.has_cost, FALSE) AS is_costed,
    if(is_costed, cost_root.cost_op_id, work_op.op_id) AS op_id,
    work.time_source,
    work_category.category,
    min(work.work_id) AS work_id,
    sum(work.dur_ns) AS work_ns
  FROM work
  -- of a trace without shapes nothing is known
  SEMI JOIN (
    SELECT DISTINCT trace_id FROM cpu_op
    WHERE input_dims IS NOT NULL
  ) AS shaped USING (trace_id)
  INNER JOIN work_category USING (trace_id, work_id)
  LEFT JOIN work_op USING (trace_id, work_id)
  LEFT JOIN cost_root
    ON work_op.trace_id = cost_root.trace_id AND work_op.op_id = cost_root.op_id
  GROUP BY ALL
),

op AS (
  SELECT
    trace_id,
    op_id,
    time_source,
    -- without a cost, work of several categories stays apart
    if(is_costed, NULL, category) AS own_category,
    arg_max(category, (work_ns, -work_id)) AS category,
    sum(work_ns) AS work_ns
  FROM op_work
  GROUP BY trace_id, op_id, time_source, own_category
)

SELECT
  op.trace_id,
  op.time_source,
  op.category,
  cpu_op.signature_id,
  any_value(cpu_op.name) AS op_name,
  any_value(cpu_op.input_dims) AS input_dims,
  any_value(cpu_op.input_types) AS input_types,
  count(op.op_id) AS call_count,
  sum(op.work_ns)::DECIMAL(38, 0) AS work_ns
FROM op
LEFT JOIN cpu_op ON op.trace_id = cpu_op.trace_id AND op.op_id = cpu_op.op_id
GROUP BY op.trace_id, op.time_source, op.category, cpu_op.signature_id
