-- product_root: the matrix product that a program called around each operator with work.
--
-- Why:     aten::linear calls aten::addmm, and under autocast casts too. A product's whole time is
--          that of the outermost one, by which a reader also knows it.
-- Grain:   one row per cpu_op with work that is, or runs inside, a product with known FLOPs
-- Inputs:  work_op, operator_moment, cost_candidate, nesting, timeline
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   op_id          cpu_op.op_id
--   product_op_id  the outermost matrix product, convolution or attention around it, or itself
-- Never:   GROUP BY trace_id, op_id HAVING count(*) > 1
WITH slice AS (
  SELECT
    trace_id,
    moment.root_op_id AS track,
    op_id AS slice_id,
    moment.opened AS start_ns,
    greatest(moment.closed - moment.opened, 0) AS dur_ns,
    0 AS tie
  FROM cost_candidate
  INNER JOIN operator_moment AS moment USING (trace_id, op_id)
  WHERE
    cost_candidate.cost_rank = 2
    AND cost_candidate.is_known
    AND moment.opened IS NOT NULL
    AND moment.closed IS NOT NULL
),

nested AS (
  FROM nesting('slice')
),

around AS (
  FROM timeline('nested')
),

op AS (
  SELECT
    trace_id,
    op_id,
    moment.root_op_id AS track,
    moment.opened
  FROM operator_moment AS moment
  SEMI JOIN slice ON moment.trace_id = slice.trace_id AND moment.root_op_id = slice.track
  SEMI JOIN work_op USING (trace_id, op_id)
)

SELECT
  op.trace_id,
  op.op_id,
  -- one without a duration is around no moment
  coalesce(around.root_id, slice.slice_id) AS product_op_id
FROM op
ASOF LEFT JOIN around
  ON op.trace_id = around.trace_id AND op.track = around.track AND op.opened >= around.start_ns
LEFT JOIN slice ON op.trace_id = slice.trace_id AND op.op_id = slice.slice_id
WHERE coalesce(around.root_id, slice.slice_id) IS NOT NULL
