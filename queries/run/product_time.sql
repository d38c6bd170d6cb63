-- product_time: how long a GPU took for each operator that runs a matrix product.
--
-- Why:     of millions of products, few are slower than their shapes allow; their times tell which.
-- Grain:   one row per (trace_id, cost_op_id) of such an operator with kernels outside attention's
--          core
-- Inputs:  work, work_op, work_attention, cost_root, signature_cost
-- From:    work WHERE time_source = 'gpu'
-- Columns:
--   trace_id      trace.trace_id
--   cost_op_id    cost_root.cost_op_id
--   signature_id  cpu_op.signature_id
--   work_ns       ns, sum of its kernels' durations; NULL beyond int64
-- Never:   GROUP BY trace_id, cost_op_id HAVING count(*) > 1
SELECT
  trace_id,
  cost_root.cost_op_id,
  any_value(signature_id) AS signature_id,
  try_cast(sum(work.dur_ns) AS BIGINT) AS work_ns
FROM cost_root
SEMI JOIN (
  SELECT trace_id, signature_id FROM signature_cost
  WHERE flops > 0
) AS product USING (trace_id, signature_id)
INNER JOIN work_op USING (trace_id, op_id)
INNER JOIN work USING (trace_id, work_id)
ANTI JOIN (
  SELECT trace_id, work_id FROM work_attention
  WHERE role = 'core'
) AS core USING (trace_id, work_id)
WHERE cost_root.has_cost AND work.time_source = 'gpu'
GROUP BY trace_id, cost_root.cost_op_id
