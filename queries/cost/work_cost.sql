-- work_cost: FLOPs and bytes assigned to each work item.
--
-- Why:     one operator can run several kernels. Its cost goes to the longest of them and 0 to the
--          others, so that sums over any grouping of work are right.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_op, cost_root, cpu_op, signature_cost
-- Columns:
--   trace_id       trace.trace_id
--   work_id        work.work_id
--   flops          2 * multiply-adds; 0 for work without matrix products; NULL if unknown
--   element_flops  operations on single elements, an estimate; NULL if unknown
--   bytes          inputs read once and output written once; NULL if unknown
--   formula        see signature_cost; 'unknown' if shapes are not enough, 'none' if the work has
--                  no operator with a cost
WITH rooted AS (
  SELECT
    work_op.trace_id,
    work_op.work_id,
    cost_root.cost_op_id
  FROM work_op
  INNER JOIN cost_root USING (trace_id, op_id)
),

longest AS (
  SELECT rooted.trace_id, rooted.work_id
  FROM rooted
  INNER JOIN work USING (trace_id, work_id)
  QUALIFY
    row_number() OVER (
      PARTITION BY rooted.trace_id, rooted.cost_op_id
      ORDER BY work.dur_ns DESC, work.work_id
    ) = 1
),

root AS (
  SELECT DISTINCT
    trace_id,
    cost_op_id
  FROM rooted
),

cost AS (
  SELECT
    root.trace_id,
    root.cost_op_id,
    signature_cost.flops,
    signature_cost.element_flops,
    signature_cost.bytes,
    coalesce(signature_cost.formula, 'unknown') AS formula
  FROM root
  INNER JOIN cpu_op ON root.trace_id = cpu_op.trace_id AND root.cost_op_id = cpu_op.op_id
  LEFT JOIN signature_cost
    ON
      cpu_op.trace_id = signature_cost.trace_id
      AND cpu_op.name = signature_cost.name
      AND cpu_op.input_dims = signature_cost.input_dims
      AND cpu_op.input_types IS NOT DISTINCT FROM signature_cost.input_types
      AND cpu_op.concrete_inputs IS NOT DISTINCT FROM signature_cost.concrete_inputs
),

charged AS (
  SELECT
    rooted.trace_id,
    rooted.work_id,
    if(longest.work_id IS NULL, 0, cost.flops) AS flops,
    if(longest.work_id IS NULL, 0, cost.element_flops) AS element_flops,
    if(longest.work_id IS NULL, 0, cost.bytes) AS bytes,
    cost.formula
  FROM rooted
  LEFT JOIN longest USING (trace_id, work_id)
  INNER JOIN cost USING (trace_id, cost_op_id)
)

SELECT
  work.trace_id,
  work.work_id,
  charged.flops,
  charged.element_flops,
  charged.bytes,
  coalesce(charged.formula, 'none') AS formula
FROM work
LEFT JOIN charged USING (trace_id, work_id)
