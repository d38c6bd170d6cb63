-- kernel_launch: the call and operator that launched a kernel (152 lines because of four links).
--
-- Why:     a kernel itself does not say what it was for; its operator does. One launch of a graph
--          starts many kernels, and some kernels were launched before the recording began.
-- Grain:   one row per (trace_id, kernel_id) of kernel
-- Inputs:  kernel, runtime_call, cpu_op, cpu_op_parent, timeline
-- Columns:
--   trace_id   trace.trace_id
--   kernel_id  kernel.kernel_id
--   call_id    runtime_call.call_id of the same correlation; NULL if there is none, or calls of
--              several processes have it and the kernel's process is unknown
--   op_id      cpu_op.op_id of the innermost operator; NULL if it ran outside all operators
--   link       'external_id' (the kernel names its operator) | 'correlation' (its call names one,
--              or is in none) | 'nesting' (the operator around its call) | 'unlinked' (no call, no
--              operator)
-- Never:   WHERE (link = 'unlinked') <> (call_id IS NULL AND op_id IS NULL)
WITH numbered AS (
  SELECT
    trace_id,
    external_id,
    min(process_id) AS process_id,
    min(op_id) AS op_id,
    coalesce(min(process_id) <> max(process_id), FALSE) AS is_shared
  FROM cpu_op
  WHERE external_id > 0
  GROUP BY trace_id, external_id
),

shared AS (
  SELECT * FROM numbered
  WHERE is_shared
),

-- merged ranks number their operators alike: such a number means something within a process
named AS (
  FROM numbered
  WHERE NOT is_shared
  UNION ALL
  SELECT trace_id, external_id, process_id, min(op_id) AS op_id, TRUE AS is_shared
  FROM cpu_op
  SEMI JOIN shared USING (trace_id, external_id)
  GROUP BY trace_id, external_id, process_id
),

own AS (
  SELECT
    kernel.trace_id,
    kernel.kernel_id,
    named.op_id
  FROM kernel
  INNER JOIN named
    ON
      kernel.trace_id = named.trace_id
      AND nullif(kernel.external_id, kernel.correlation_id) = named.external_id
  WHERE
    CASE
      WHEN kernel.process_id IS NULL THEN NOT named.is_shared
      ELSE kernel.process_id = coalesce(named.process_id, kernel.process_id)
    END
),

paired AS (
  SELECT
    kernel.trace_id,
    kernel.kernel_id,
    arg_max(runtime_call.call_id, (runtime_call.start_ns <= kernel.start_ns, runtime_call.start_ns))
      AS call_id
  FROM kernel
  INNER JOIN runtime_call
    ON
      kernel.trace_id = runtime_call.trace_id
      AND kernel.correlation_id = runtime_call.correlation_id
      AND coalesce(kernel.process_id, runtime_call.process_id, '')
      = coalesce(runtime_call.process_id, '')
  WHERE kernel.correlation_id > 0
  GROUP BY kernel.trace_id, kernel.kernel_id
  -- calls of several processes: none of them is known to be the kernel's
  HAVING min(runtime_call.process_id) IS NOT DISTINCT FROM max(runtime_call.process_id)
),

launching AS (
  SELECT
    runtime_call.trace_id,
    runtime_call.call_id,
    runtime_call.process_id,
    runtime_call.thread_id,
    runtime_call.start_ns,
    named.op_id AS named_op_id
  FROM runtime_call
  SEMI JOIN paired USING (trace_id, call_id)
  LEFT JOIN named
    ON
      runtime_call.trace_id = named.trace_id
      AND nullif(runtime_call.external_id, runtime_call.correlation_id) = named.external_id
      AND coalesce(runtime_call.process_id, '') = coalesce(named.process_id, '')
),

-- threads of calls that name no operator: only those need to know what was open when
unnamed AS (
  SELECT DISTINCT trace_id, process_id, thread_id FROM launching
  WHERE named_op_id IS NULL
),

nested AS (
  SELECT
    cpu_op.trace_id,
    concat_ws(' ', cpu_op.process_id, cpu_op.thread_id) AS track,
    cpu_op.op_id AS slice_id,
    cpu_op.start_ns,
    cpu_op_parent.end_ns,
    cpu_op_parent.depth,
    cpu_op_parent.parent_op_id AS parent_id,
    cpu_op_parent.root_op_id AS root_id
  FROM cpu_op
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  SEMI JOIN unnamed USING (trace_id, process_id, thread_id)
),

op_timeline AS (
  FROM timeline('nested')
),

calling AS (
  SELECT
    launching.trace_id,
    launching.call_id,
    launching.named_op_id,
    op_timeline.slice_id AS around_op_id
  FROM launching
  ASOF LEFT JOIN op_timeline
    ON
      launching.trace_id = op_timeline.trace_id
      AND concat_ws(' ', launching.process_id, launching.thread_id) = op_timeline.track
      AND launching.start_ns >= op_timeline.start_ns
)

SELECT
  kernel.trace_id,
  kernel.kernel_id,
  paired.call_id,
  coalesce(own.op_id, calling.named_op_id, calling.around_op_id) AS op_id,
  CASE
    WHEN own.op_id IS NOT NULL THEN 'external_id'
    WHEN calling.named_op_id IS NOT NULL THEN 'correlation'
    WHEN calling.around_op_id IS NOT NULL THEN 'nesting'
    WHEN paired.call_id IS NOT NULL THEN 'correlation'
    ELSE 'unlinked'
  END AS link
FROM kernel
LEFT JOIN own USING (trace_id, kernel_id)
LEFT JOIN paired USING (trace_id, kernel_id)
LEFT JOIN calling USING (trace_id, call_id)
