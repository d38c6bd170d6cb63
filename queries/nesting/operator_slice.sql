-- operator_slice: operators as `timeline` takes them.
--
-- Why:     finding the innermost operator around a call, a wait or an allocation takes these rows.
-- Grain:   one row per cpu_op
-- Inputs:  cpu_op, cpu_op_parent
-- Kept:    view
-- Columns:
--   trace_id    trace.trace_id
--   process_id  cpu_op.process_id
--   thread_id   cpu_op.thread_id
--   track       process and thread
--   slice_id    cpu_op.op_id
--   start_ns    cpu_op.start_ns
--   end_ns      cpu_op_parent.end_ns
--   depth       cpu_op_parent.depth
--   parent_id   cpu_op_parent.parent_op_id
--   root_id     cpu_op_parent.root_op_id
-- Never:   GROUP BY trace_id, slice_id HAVING count(*) > 1
SELECT
  cpu_op.trace_id,
  cpu_op.process_id,
  cpu_op.thread_id,
  concat_ws(' ', cpu_op.process_id, cpu_op.thread_id) AS track,
  cpu_op.op_id AS slice_id,
  cpu_op.start_ns,
  parent.end_ns,
  parent.depth,
  parent.parent_op_id AS parent_id,
  parent.root_op_id AS root_id
FROM cpu_op
INNER JOIN cpu_op_parent AS parent USING (trace_id, op_id)
