-- product_item: the work of each matrix product, with everything that the product runs.
--
-- Why:     a product runs casts, layout changes and a bias too.
-- Grain:   one row per work item of a product, or of one whose FLOPs are unknown
-- Inputs:  work, work_op, cost_root, signature_cost
-- Kept:    view
-- Columns:
--   trace_id              trace.trace_id
--   work_id               work.work_id
--   product_op_id         see product_root; of a product with unknown FLOPs, itself
--   product_signature_id  its cpu_op.signature_id
--   signature_id          cpu_op.signature_id of the operator that carries the work's cost
--   is_unknown            true if the product's FLOPs are unknown
--   time_source           work.time_source
--   name                  work.name
--   dur_ns                work.dur_ns
-- Never:   GROUP BY trace_id, work_id HAVING count(*) > 1
SELECT
  trace_id,
  work_id,
  coalesce(cost_root.product_op_id, cost_root.cost_op_id) AS product_op_id,
  coalesce(cost_root.product_signature_id, signature_id) AS product_signature_id,
  signature_id,
  cost_root.product_op_id IS NULL AS is_unknown,
  work.time_source,
  work.name,
  work.dur_ns
FROM cost_root
LEFT JOIN signature_cost USING (trace_id, signature_id)
INNER JOIN work_op USING (trace_id, op_id)
INNER JOIN work USING (trace_id, work_id)
WHERE cost_root.product_op_id IS NOT NULL OR signature_cost.flops IS NULL
