-- copy_loss: kernels that only move or convert data, by what would make them unnecessary.
--
-- Why:     they compute nothing. Around convolutions the right memory format removes them; a cast
--          or a contiguous copy is often made again and again for the same tensor.
-- Grain:   one row per work item of these kinds
-- Inputs:  work, work_op, work_attention, cpu_op, cpu_op_parent, kernel_category, layout_rule
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   work_id   work.work_id
--   kind      'layout_copy' (a change of layout around a convolution) | 'cast' (between floating
--             types) | 'contiguous' (a copy into the standard order)
-- Never:   GROUP BY trace_id, work_id HAVING count(*) > 1
WITH layout AS (
  SELECT DISTINCT kernel_category.trace_id, kernel_category.name
  FROM kernel_category
  INNER JOIN layout_rule ON regexp_matches(kernel_category.name, layout_rule.pattern)
),

-- a copy has the destination's type first
copy_op AS (
  SELECT
    cpu_op.trace_id,
    cpu_op.op_id,
    try(json_extract_string(cpu_op.input_types, ['$[0]', '$[1]'])) AS types,
    types[1] <> types[2]
    AND len(list_filter(
      types, LAMBDA name: name IN ('float', 'double', 'c10::Half', 'c10::BFloat16')
    )) = 2 AS is_cast,
    parent.name IN ('aten::clone', 'aten::contiguous', 'aten::_reshape_copy') AS is_contiguous
  FROM cpu_op
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  LEFT JOIN cpu_op AS parent
    ON cpu_op_parent.trace_id = parent.trace_id AND cpu_op_parent.parent_op_id = parent.op_id
  WHERE cpu_op.name = 'aten::copy_'
),

found AS (
  SELECT
    trace_id,
    work_id,
    'layout_copy' AS kind
  FROM work
  SEMI JOIN layout USING (trace_id, name)
  UNION ALL
  SELECT
    work_op.trace_id,
    work_op.work_id,
    if(copy_op.is_cast, 'cast', 'contiguous') AS kind
  FROM copy_op
  INNER JOIN work_op USING (trace_id, op_id)
  WHERE copy_op.is_cast OR copy_op.is_contiguous
)

-- a change of layout comes first
SELECT
  trace_id,
  work_id,
  max(kind) AS kind
FROM found
ANTI JOIN (
  SELECT trace_id, work_id FROM work_attention
  WHERE role = 'core'
) AS core USING (trace_id, work_id)
GROUP BY trace_id, work_id
