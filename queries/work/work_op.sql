-- work_op: the operator that requested each work item, and the outermost operator around it.
--
-- Why:     the innermost operator says what was computed, the outermost one what the program
--          called.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, kernel_launch, kernel_label, cpu_op, cpu_op_parent
-- Texts:   op_name, root_op_name, source
-- Columns:
--   trace_id      trace.trace_id
--   work_id       work.work_id
--   op_id         innermost operator; NULL if unknown
--   op_name       name of op_id, or the operator that the name of a graph's kernel gives;
--                 'unattributed' if unknown
--   root_op_id    outermost operator; NULL if unknown
--   root_op_name  name of root_op_id; 'unattributed' if unknown
--   source        see kernel_launch; 'self' if the work is an operator; 'graph_annotation' if
--                 op_name is from the name of a graph's kernel
-- Never:   GROUP BY trace_id, work_id HAVING count(*) > 1
WITH asked AS (
  -- a trace's work is either kernels or operators
  SELECT
    launch.trace_id,
    launch.kernel_id AS work_id,
    if(kernel_label.op_name IS NULL, launch.op_id, NULL) AS op_id,
    kernel_label.op_name AS captured,
    if(kernel_label.op_name IS NULL, launch.source, 'graph_annotation') AS source
  FROM kernel_launch AS launch
  LEFT JOIN kernel_label USING (trace_id, kernel_id)
  UNION ALL
  SELECT
    trace_id,
    work_id,
    op_id,
    NULL AS captured,
    'self' AS source
  FROM work
  WHERE op_id IS NOT NULL
),

-- only operators that requested work: in a GPU trace most didn't
called AS (
  SELECT
    cpu_op.trace_id,
    cpu_op.op_id,
    cpu_op.name,
    cpu_op_parent.root_op_id
  FROM cpu_op
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  SEMI JOIN asked USING (trace_id, op_id)
),

outermost AS (
  SELECT
    cpu_op.trace_id,
    cpu_op.op_id,
    cpu_op.name
  FROM cpu_op
  SEMI JOIN called ON cpu_op.trace_id = called.trace_id AND cpu_op.op_id = called.root_op_id
)

SELECT
  asked.trace_id,
  asked.work_id,
  asked.op_id,
  coalesce(asked.captured, called.name, 'unattributed') AS op_name,
  called.root_op_id,
  coalesce(asked.captured, outermost.name, 'unattributed') AS root_op_name,
  asked.source
FROM asked
LEFT JOIN called USING (trace_id, op_id)
LEFT JOIN outermost
  ON called.trace_id = outermost.trace_id AND called.root_op_id = outermost.op_id
