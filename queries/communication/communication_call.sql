-- communication_call: the call that launched each kernel that communicates.
--
-- Why:     what PyTorch and NCCL record about a collective lies around the call, on its thread.
-- Grain:   one row per kernel whose name has the category communication and whose call is known
-- Inputs:  kernel, kernel_category, kernel_launch, runtime_call
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   kernel_id      kernel.kernel_id
--   track          process and thread of the call
--   call_start_ns  ns from the trace's base
-- Never:   GROUP BY trace_id, kernel_id HAVING count(*) > 1
WITH communicating AS MATERIALIZED (
  SELECT trace_id, kernel_id
  FROM kernel
  SEMI JOIN (
    SELECT trace_id, name FROM kernel_category
    WHERE category = 'communication'
  ) AS named USING (trace_id, name)
),

launched AS MATERIALIZED (
  SELECT trace_id, kernel_id, launch.call_id
  FROM communicating
  INNER JOIN kernel_launch AS launch USING (trace_id, kernel_id)
  WHERE launch.call_id IS NOT NULL
)

SELECT
  trace_id,
  launched.kernel_id,
  concat_ws(' ', call.process_id, call.thread_id) AS track,
  call.start_ns AS call_start_ns
FROM launched
INNER JOIN runtime_call AS call USING (trace_id, call_id)
