-- named_launch: lists of launches that give a replayed graph's kernels their operators.
--
-- Why:     a list is a capture of the graph, or a step that ran the same kernels without one.
-- Grain:   one row per captured_launch and eager_launch
-- Inputs:  captured_launch, eager_launch
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   source       'capture' | 'eager'
--   list_id      see captured_launch.capture_id and eager_launch.first_id
--   position     place in the list, from 0
--   call_id      runtime_call.call_id
--   kernel_name  NULL where a capture's calls don't name kernels
--   op_id        innermost operator around the call; NULL if there is none
--   op_name      cpu_op.name
--   module       NULL if there is none
-- Never:   GROUP BY trace_id, source, list_id, position HAVING count(*) > 1
SELECT
  trace_id,
  'capture' AS source,
  capture_id AS list_id,
  position,
  call_id,
  kernel_name,
  op_id,
  op_name,
  module
FROM captured_launch
UNION ALL
SELECT
  trace_id,
  'eager' AS source,
  first_id AS list_id,
  position,
  call_id,
  kernel_name,
  op_id,
  op_name,
  module
FROM eager_launch
