-- operator_moment: when each operator opens and closes; of two around each other, at other moments.
--
-- Why:     of operators with one start the deeper one opens later, so the depth is part of the
--          moment, which counts from the outermost operator.
-- Grain:   one row per cpu_op
-- Inputs:  cpu_op, cpu_op_parent
-- Kept:    view
-- Columns:
--   trace_id    trace.trace_id
--   op_id       cpu_op.op_id
--   root_op_id  cpu_op_parent.root_op_id
--   opened      ns since the root's start * 1024 + depth; NULL if that overflows, after 100 days
--   closed      ns since the root's start * 1024; NULL as opened
-- Never:   GROUP BY trace_id, op_id HAVING count(*) > 1
SELECT
  cpu_op.trace_id,
  cpu_op.op_id,
  parent.root_op_id,
  try((cpu_op.start_ns - root.start_ns) * 1024 + least(parent.depth, 1023)) AS opened,
  try((parent.end_ns - root.start_ns) * 1024) AS closed
FROM cpu_op
INNER JOIN cpu_op_parent AS parent USING (trace_id, op_id)
INNER JOIN cpu_op AS root
  ON parent.trace_id = root.trace_id AND parent.root_op_id = root.op_id
