-- work_cost: FLOPs and bytes assigned to each work item.
--
-- Why:     one operator can run several kernels: casts, layout changes and a bias around a product.
--          Its cost goes to the longest kernel that computes the product, and 0 to the others, so
--          that sums over any grouping of work are right. An unknown cost is NULL for all of them.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_op, cost_root, cpu_op, signature_cost, kernel_category, operator_category
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
--          JOIN cpu_op AS root ON root.trace_id = work_cost.trace_id AND root.op_id = cost_op_id
--          JOIN signature_cost AS cost ON cost.trace_id = root.trace_id AND cost.name = root.name
--          AND cost.input_dims = root.input_dims
--          AND cost.input_strides IS NOT DISTINCT FROM root.input_strides
--          AND cost.input_types IS NOT DISTINCT FROM root.input_types
--          AND cost.concrete_inputs IS NOT DISTINCT FROM root.concrete_inputs
--          WHERE has_cost GROUP BY work_cost.trace_id, cost_op_id, cost.flops
--          HAVING sum(work_cost.flops) IS DISTINCT FROM cost.flops
WITH rooted AS (
  SELECT
    work_op.trace_id,
    work_op.work_id,
    cost_root.cost_op_id,
    cost_root.has_cost
  FROM work_op
  INNER JOIN cost_root USING (trace_id, op_id)
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
    if(signature_cost.flops IS NULL, 'unknown', signature_cost.formula) AS formula
  FROM root
  INNER JOIN cpu_op ON root.trace_id = cpu_op.trace_id AND root.cost_op_id = cpu_op.op_id
  LEFT JOIN signature_cost
    ON
      cpu_op.trace_id = signature_cost.trace_id
      AND cpu_op.name = signature_cost.name
      AND cpu_op.input_dims = signature_cost.input_dims
      AND cpu_op.input_strides IS NOT DISTINCT FROM signature_cost.input_strides
      AND cpu_op.input_types IS NOT DISTINCT FROM signature_cost.input_types
      AND cpu_op.concrete_inputs IS NOT DISTINCT FROM signature_cost.concrete_inputs
),

-- how well a name fits a product: layout changes and reductions of partial results come last
fit AS (
  SELECT
    trace_id,
    name,
    min(CASE
      WHEN category NOT IN ('linear', 'convolution', 'attention') THEN 3
      WHEN rule IN ('cudnn_layout', 'im2col', 'attention_helper', 'epilogue') THEN 2
      ELSE 0
    END) AS distance
  FROM (
    SELECT trace_id, name, category, rule FROM kernel_category
    UNION ALL
    SELECT trace_id, name, category, rule FROM operator_category
  ) AS rules
  GROUP BY trace_id, name
),

chosen AS (
  SELECT rooted.trace_id, rooted.cost_op_id, rooted.work_id
  FROM rooted
  INNER JOIN work USING (trace_id, work_id)
  INNER JOIN cost USING (trace_id, cost_op_id)
  LEFT JOIN fit USING (trace_id, name)
  WHERE rooted.has_cost
  QUALIFY
    row_number() OVER (
      PARTITION BY rooted.trace_id, rooted.cost_op_id
      ORDER BY
        -- a name without a category can be a product
        if(cost.flops > 0, coalesce(fit.distance, 1), 0), work.dur_ns DESC, work.work_id
    ) = 1
),

charged AS (
  SELECT
    rooted.trace_id,
    rooted.work_id,
    coalesce(chosen.work_id = rooted.work_id, FALSE) AS is_chosen,
    cost.*
  FROM rooted
  INNER JOIN cost USING (trace_id, cost_op_id)
  LEFT JOIN chosen USING (trace_id, cost_op_id)
)

SELECT
  work.trace_id,
  work.work_id,
  if(charged.is_chosen OR charged.flops IS NULL, charged.flops, 0) AS flops,
  if(charged.is_chosen OR charged.flops IS NULL, charged.element_flops, 0) AS element_flops,
  if(charged.is_chosen OR charged.flops IS NULL, charged.bytes, 0) AS bytes,
  coalesce(charged.formula, 'none') AS formula
FROM work
LEFT JOIN charged USING (trace_id, work_id)
