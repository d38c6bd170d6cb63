-- work_cost: FLOPs and bytes charged to each unit of device work.
--
-- Why:     one operator may run several kernels; its cost goes to the longest of them, 0 to the
--          rest, so that sums over any grouping of work are right.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_op, cost_root, op_cost
-- Columns:
--   trace_id       trace.trace_id
--   work_id        work.work_id
--   flops          2 * multiply-adds; 0 for what multiplies no matrices; NULL if unknown
--   element_flops  operations on single elements, an estimate; NULL if unknown
--   bytes          inputs read once and output written once; NULL if unknown
--   formula        see op_cost; 'none' where no operator with a formula asked for the work
WITH owned AS (
  SELECT
    work_op.trace_id,
    work_op.work_id,
    cost_root.cost_op_id
  FROM work_op
  INNER JOIN cost_root USING (trace_id, op_id)
),

longest AS (
  SELECT owned.trace_id, owned.work_id
  FROM owned
  INNER JOIN work USING (trace_id, work_id)
  QUALIFY
    row_number() OVER (
      PARTITION BY owned.trace_id, owned.cost_op_id
      ORDER BY work.dur_ns DESC, work.work_id
    ) = 1
),

charged AS (
  SELECT
    owned.trace_id,
    owned.work_id,
    if(longest.work_id IS NULL, 0, op_cost.flops) AS flops,
    if(longest.work_id IS NULL, 0, op_cost.element_flops) AS element_flops,
    if(longest.work_id IS NULL, 0, op_cost.bytes) AS bytes,
    op_cost.formula
  FROM owned
  LEFT JOIN longest USING (trace_id, work_id)
  INNER JOIN op_cost
    ON owned.trace_id = op_cost.trace_id AND owned.cost_op_id = op_cost.op_id
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
