-- work_op: the operator that asked for each work item, and the outermost operator above it.
--
-- Why:     the innermost operator says what was computed, the outermost what was called.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, kernel_launch, cpu_op, cpu_op_parent
-- Columns:
--   trace_id      trace.trace_id
--   work_id       work.work_id
--   op_id         innermost operator; NULL if none is known
--   op_name       its name; 'unattributed' if none is known
--   root_op_id    outermost operator; NULL if none is known
--   root_op_name  its name; 'unattributed' if none is known
--   link          see kernel_launch; 'self' where the work is an operator
-- Never:   GROUP BY trace_id, work_id HAVING count(*) > 1
WITH asked AS (
  SELECT
    work.trace_id,
    work.work_id,
    coalesce(work.op_id, kernel_launch.op_id) AS op_id,
    coalesce(kernel_launch.link, if(work.op_id IS NULL, 'unlinked', 'self')) AS link
  FROM work
  LEFT JOIN kernel_launch
    ON work.trace_id = kernel_launch.trace_id AND work.kernel_id = kernel_launch.kernel_id
)

SELECT
  asked.trace_id,
  asked.work_id,
  asked.op_id,
  coalesce(op.name, 'unattributed') AS op_name,
  cpu_op_parent.root_op_id,
  coalesce(root.name, 'unattributed') AS root_op_name,
  asked.link
FROM asked
LEFT JOIN cpu_op AS op ON asked.trace_id = op.trace_id AND asked.op_id = op.op_id
LEFT JOIN cpu_op_parent
  ON asked.trace_id = cpu_op_parent.trace_id AND asked.op_id = cpu_op_parent.op_id
LEFT JOIN cpu_op AS root
  ON asked.trace_id = root.trace_id AND cpu_op_parent.root_op_id = root.op_id
