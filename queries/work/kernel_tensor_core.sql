-- kernel_tensor_core: which matrix kernels use tensor cores, by name.
--
-- Why:     a kernel name occurs thousands of times, so its rules are tried once per name.
-- Grain:   one row per (trace_id, name) of kernel_category that is linear, convolution or attention
--          and multiplies matrices, as far as its name says
-- Inputs:  kernel_category, tensor_core_rule
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   name         work.name
--   tensor_core  'yes' | 'no' | 'unknown' (the name does not say)
--   rule         tensor_core_rule.rule; NULL if unknown
-- Never:   GROUP BY trace_id, name HAVING count(*) > 1
WITH matrix AS (
  SELECT trace_id, name FROM kernel_category
  WHERE category IN ('linear', 'convolution', 'attention')
),

decided AS (
  SELECT
    matrix.trace_id,
    matrix.name,
    arg_min(tensor_core_rule, tensor_core_rule.rule_order) AS first_rule
  FROM matrix
  INNER JOIN tensor_core_rule
    ON regexp_matches(left(matrix.name, 65536), tensor_core_rule.pattern)
  GROUP BY matrix.trace_id, matrix.name
)

SELECT
  matrix.trace_id,
  matrix.name,
  coalesce(decided.first_rule.tensor_core, 'unknown') AS tensor_core,
  decided.first_rule.rule
FROM matrix
LEFT JOIN decided USING (trace_id, name)
WHERE decided.first_rule.tensor_core IS DISTINCT FROM 'none'
