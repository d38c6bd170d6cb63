-- kernel_tensor_core: which matrix kernels use tensor cores, by name.
--
-- Why:     a kernel name occurs thousands of times, so its rules are tried once per name.
-- Grain:   one row per (trace_id, name) of kernel_category that is linear, convolution or attention
--          and multiplies matrices, as far as its name says
-- Inputs:  kernel_category, tensor_core_rule
-- From:    kernel_category
-- Columns:
--   trace_id     trace.trace_id
--   name         work.name
--   tensor_core  'yes' | 'no' | 'unknown' (the name does not say)
--   rule         tensor_core_rule.rule; NULL if unknown
-- Never:   GROUP BY trace_id, name HAVING count(*) > 1
WITH matrix AS (
  SELECT
    trace_id,
    name,
    left(name, 65536) AS beginning
  FROM kernel_category
  WHERE category IN ('linear', 'convolution', 'attention')
),

decided AS (
  SELECT
    matrix.trace_id,
    matrix.name,
    (
      SELECT min(tensor_core_rule.rule_order)
      FROM tensor_core_rule
      WHERE regexp_matches(matrix.beginning, tensor_core_rule.pattern)
    ) AS rule_order
  FROM matrix
)

SELECT
  decided.trace_id,
  decided.name,
  coalesce(used.tensor_core, 'unknown') AS tensor_core,
  used.rule
FROM decided
LEFT JOIN tensor_core_rule AS used USING (rule_order)
WHERE used.tensor_core IS DISTINCT FROM 'none'
