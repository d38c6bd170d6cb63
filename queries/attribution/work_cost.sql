-- work_cost: FLOPs and bytes charged to each unit of device work.
--
-- Why:     one operator may run several kernels; its cost goes to the longest of them, 0 to the
--          rest, so that sums over any grouping of work are right.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_op, cost_owner, op_cost
-- Columns:
--   trace_id       trace.trace_id
--   work_id        work.work_id
--   flops          2 * multiply-adds; 0 for what multiplies no matrices; NULL if unknown
--   element_flops  operations on single elements, an estimate; NULL if unknown
--   bytes          inputs read once and output written once; NULL if unknown
--   basis          see op_cost; 'none' where no operator with a formula asked for the work
WITH owned AS (
  SELECT
    work.trace_id,
    work.work_id,
    op_cost.flops,
    op_cost.element_flops,
    op_cost.bytes,
    op_cost.basis,
    op_cost.op_id IS NOT NULL AS has_owner,
    row_number() OVER (
      PARTITION BY work.trace_id, op_cost.op_id
      ORDER BY work.dur_ns DESC, work.work_id
    ) = 1 AS is_longest
  FROM work
  INNER JOIN work_op USING (trace_id, work_id)
  LEFT JOIN cost_owner
    ON work_op.trace_id = cost_owner.trace_id AND work_op.op_id = cost_owner.op_id
  LEFT JOIN op_cost
    ON cost_owner.trace_id = op_cost.trace_id AND cost_owner.owner_op_id = op_cost.op_id
)

SELECT
  trace_id,
  work_id,
  if(has_owner AND NOT is_longest, 0, flops) AS flops,
  if(has_owner AND NOT is_longest, 0, element_flops) AS element_flops,
  if(has_owner AND NOT is_longest, 0, bytes) AS bytes,
  coalesce(basis, 'none') AS basis
FROM owned
