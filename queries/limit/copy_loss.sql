-- copy_loss: kernels that only convert or copy data, by what would make them unnecessary.
--
-- Why:     they compute nothing. A cast or a contiguous copy is often made again and again for the
--          same tensor.
-- Grain:   one row per work item of these kinds
-- Inputs:  work_op, work_attention, cpu_op, cpu_op_parent
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   work_id   work.work_id
--   kind      'cast' (between floating types) | 'contiguous' (a copy into the standard order)
-- Never:   GROUP BY trace_id, work_id HAVING count(*) > 1
WITH copied AS (
  SELECT trace_id, work_id, op_id FROM work_op
  WHERE op_name = 'aten::copy_' AND op_id IS NOT NULL
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
  SEMI JOIN copied USING (trace_id, op_id)
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  LEFT JOIN cpu_op AS parent
    ON cpu_op_parent.trace_id = parent.trace_id AND cpu_op_parent.parent_op_id = parent.op_id
)

SELECT
  trace_id,
  work_id,
  if(copy_op.is_cast, 'cast', 'contiguous') AS kind
FROM copied
INNER JOIN copy_op USING (trace_id, op_id)
ANTI JOIN (
  SELECT trace_id, work_id FROM work_attention
  WHERE role = 'core'
) AS core USING (trace_id, work_id)
WHERE copy_op.is_cast OR copy_op.is_contiguous
