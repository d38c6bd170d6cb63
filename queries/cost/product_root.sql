-- product_root: the matrix product that a program called around each operator with work.
--
-- Why:     aten::linear calls aten::addmm, and under autocast casts too. A product's whole time is
--          that of the outermost one, by which a reader also knows it.
-- Grain:   one row per cpu_op with work that is, or runs inside, a product with known FLOPs
-- Inputs:  work_op, cpu_op, cpu_op_parent, cost_candidate, nesting, timeline
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   op_id          cpu_op.op_id
--   product_op_id  the outermost matrix product, convolution or attention around it, or itself
-- Never:   GROUP BY trace_id, op_id HAVING count(*) > 1
WITH slice AS (
  SELECT
    cpu_op.trace_id,
    cpu_op_parent.root_op_id AS track,
    cpu_op.op_id AS slice_id,
    -- of ranges with one start the deeper one opens later; TRY, because a hundred days overflow
    try((cpu_op.start_ns - root.start_ns) * 1024 + least(cpu_op_parent.depth, 1023)) AS opened,
    try((cpu_op_parent.end_ns - root.start_ns) * 1024) AS closed
  FROM cost_candidate
  INNER JOIN cpu_op USING (trace_id, op_id)
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  INNER JOIN cpu_op AS root
    ON cpu_op_parent.trace_id = root.trace_id AND cpu_op_parent.root_op_id = root.op_id
  WHERE cost_candidate.cost_rank = 2 AND cost_candidate.is_known
),

placed AS (
  SELECT
    trace_id,
    track,
    slice_id,
    opened AS start_ns,
    greatest(closed - opened, 0) AS dur_ns,
    0 AS tie
  FROM slice
  WHERE opened IS NOT NULL AND closed IS NOT NULL
),

nested AS (
  FROM nesting('placed')
),

around AS (
  FROM timeline('nested')
),

op AS (
  SELECT
    cpu_op_parent.trace_id,
    cpu_op_parent.op_id,
    cpu_op_parent.root_op_id AS track,
    try((cpu_op.start_ns - root.start_ns) * 1024 + least(cpu_op_parent.depth, 1023)) AS opened
  FROM cpu_op_parent
  INNER JOIN cpu_op USING (trace_id, op_id)
  INNER JOIN cpu_op AS root
    ON cpu_op_parent.trace_id = root.trace_id AND cpu_op_parent.root_op_id = root.op_id
  SEMI JOIN placed
    ON cpu_op_parent.trace_id = placed.trace_id AND cpu_op_parent.root_op_id = placed.track
  SEMI JOIN work_op USING (trace_id, op_id)
)

SELECT
  op.trace_id,
  op.op_id,
  around.root_id AS product_op_id
FROM op
ASOF INNER JOIN around
  ON op.trace_id = around.trace_id AND op.track = around.track AND op.opened >= around.start_ns
WHERE around.root_id IS NOT NULL
