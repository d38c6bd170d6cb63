-- work_cost: FLOPs and bytes assigned to each work item.
--
-- Why:     one operator can run several kernels: casts, layout changes and a bias around a product.
--          Its cost goes to the longest kernel that computes the product, and 0 to the others, so
--          that sums over any grouping of work are right. An unknown cost is NULL for all of them.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_op, cost_root, signature_cost, product_fit
-- Texts:   formula
-- Columns:
--   trace_id       trace.trace_id
--   work_id        work.work_id
--   flops          2 * multiply-adds; 0 for work without matrix products; NULL if unknown
--   element_flops  operations on single elements, an estimate; NULL if unknown
--   bytes          inputs read once and output written once; NULL if unknown
--   formula        see signature_cost; 'unknown' if shapes are not enough, 'none' if the work has
--                  no operator with a cost
-- Never:   SELECT work_cost.trace_id, cost_op_id
--          FROM work_cost JOIN work_op USING (trace_id, work_id)
--          JOIN cost_root USING (trace_id, op_id)
--          JOIN signature_cost AS cost USING (trace_id, signature_id)
--          WHERE has_cost GROUP BY work_cost.trace_id, cost_op_id, cost.flops
--          HAVING sum(work_cost.flops) IS DISTINCT FROM cost.flops
WITH charged AS (
  SELECT
    trace_id,
    work_op.work_id,
    cost_root.cost_op_id,
    cost_root.has_cost,
    signature_cost.flops,
    signature_cost.element_flops,
    signature_cost.bytes,
    if(signature_cost.flops IS NULL, 'unknown', signature_cost.formula) AS formula
  FROM work_op
  INNER JOIN cost_root USING (trace_id, op_id)
  LEFT JOIN signature_cost USING (trace_id, signature_id)
),

chosen AS (
  SELECT charged.trace_id, charged.work_id
  FROM charged
  INNER JOIN work USING (trace_id, work_id)
  LEFT JOIN product_fit AS fit USING (trace_id, name)
  WHERE charged.has_cost
  QUALIFY
    row_number() OVER (
      PARTITION BY charged.trace_id, charged.cost_op_id
      ORDER BY
        -- a name without a category can be a product
        if(charged.flops > 0, coalesce(fit.distance, 1), 0), work.dur_ns DESC, work.work_id
    ) = 1
)

SELECT
  trace_id,
  work_id,
  if(chosen.work_id IS NOT NULL OR charged.flops IS NULL, charged.flops, 0) AS flops,
  if(chosen.work_id IS NOT NULL OR charged.flops IS NULL, charged.element_flops, 0)
    AS element_flops,
  if(chosen.work_id IS NOT NULL OR charged.flops IS NULL, charged.bytes, 0) AS bytes,
  coalesce(charged.formula, 'none') AS formula
FROM work
LEFT JOIN charged USING (trace_id, work_id)
LEFT JOIN chosen USING (trace_id, work_id)
