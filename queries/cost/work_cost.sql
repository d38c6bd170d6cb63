-- work_cost: FLOPs and bytes assigned to each work item.
--
-- Why:     one operator can run several kernels. Its cost goes to the longest of them and 0 to the
--          others, so that sums over any grouping of work are right.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_op, cost_root, op_cost
-- Columns:
--   trace_id       trace.trace_id
--   work_id        work.work_id
--   flops          2 * multiply-adds; 0 for work without matrix products; NULL if unknown
--   element_flops  operations on single elements, an estimate; NULL if unknown
--   bytes          inputs read once and output written once; NULL if unknown
--   formula        see op_cost; 'none' if the work has no operator with a formula
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

charged AS (
  SELECT
    rooted.trace_id,
    rooted.work_id,
    if(longest.work_id IS NULL, 0, op_cost.flops) AS flops,
    if(longest.work_id IS NULL, 0, op_cost.element_flops) AS element_flops,
    if(longest.work_id IS NULL, 0, op_cost.bytes) AS bytes,
    op_cost.formula
  FROM rooted
  LEFT JOIN longest USING (trace_id, work_id)
  INNER JOIN op_cost
    ON rooted.trace_id = op_cost.trace_id AND rooted.cost_op_id = op_cost.op_id
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
