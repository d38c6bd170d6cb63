-- fusible_group: the work that one kernel could do together with its neighbours, and on what shape.
--
-- Why:     elementwise kernels and norms are bound by memory, so a fused kernel takes about as
--          long as the longest of them. Compiled kernels are fused already, and the core of
--          attention has a fix of its own.
-- Grain:   one row per such row of work_group
-- Inputs:  work_group, kernel_category, operator_category
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   first_work_id  see work_group
--   shape          number of its operator's first input's shape, but for the last dimension, which
--                  norms reduce; from 1
--   computes       false for a copy
-- Never:   GROUP BY trace_id, first_work_id HAVING count(*) > 1
WITH fusible AS (
  SELECT trace_id, name AS op_name FROM operator_category
  WHERE category IN ('elementwise', 'normalization', 'group_norm', 'softmax', 'reduction')
),

compiled AS (
  SELECT trace_id, name FROM kernel_category
  WHERE starts_with(rule, 'inductor')
),

shaped AS (
  SELECT
    trace_id,
    work_group.first_work_id,
    work_group.op_name <> 'aten::copy_' AS computes,
    nullif(regexp_replace(split_part(work_group.input_dims, ']', 1), ',[^,]*$', ''), '[')
      AS first_dims
  FROM work_group
  LEFT JOIN fusible USING (trace_id, op_name)
  ANTI JOIN compiled USING (trace_id, name)
  WHERE
    work_group.has_operator
    AND work_group.role IS DISTINCT FROM 'core'
    AND (fusible.op_name IS NOT NULL OR work_group.op_name = 'aten::copy_')
)

SELECT
  trace_id,
  first_work_id,
  dense_rank() OVER (ORDER BY first_dims) AS shape,
  computes
FROM shaped
WHERE first_dims IS NOT NULL
