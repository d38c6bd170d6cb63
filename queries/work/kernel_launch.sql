-- kernel_launch: the call and operator that launched a kernel (183 lines because of four links).
--
-- Why:     a kernel does not say what it was for; the operator that launched it does. One graph
--          launch starts many kernels, and some kernels were launched before recording began.
-- Grain:   one row per (trace_id, kernel_id) of kernel
-- Inputs:  kernel, runtime_call, cpu_op, cpu_op_parent, timeline
-- From:    kernel
-- Texts:   source
-- Columns:
--   trace_id   trace.trace_id
--   kernel_id  kernel.kernel_id
--   call_id    runtime_call.call_id with the same correlation; NULL if there is none, or if calls
--              of several processes match and the kernel's process is unknown
--   op_id      cpu_op.op_id of the innermost operator; NULL if the kernel ran outside all operators
--   source     'external_id' (the kernel names its operator) | 'correlation' (its call names the
--              operator, or has none) | 'nesting' (the operator around its call) | 'unlinked' (no
--              call, no operator)
-- Never:   WHERE (source = 'unlinked') <> (call_id IS NULL AND op_id IS NULL)
WITH shared AS (
  -- merged ranks reuse External ids, so an id is unique only within its process
  SELECT trace_id, external_id
  FROM cpu_op
  WHERE external_id > 0 AND (SELECT count(DISTINCT op.process_id) FROM cpu_op AS op) > 1
  GROUP BY trace_id, external_id
  HAVING min(process_id) <> max(process_id)
),

own AS (
  SELECT kernel.trace_id, kernel.kernel_id, min(cpu_op.op_id) AS op_id
  FROM cpu_op
  INNER JOIN kernel
    ON
      cpu_op.trace_id = kernel.trace_id
      AND cpu_op.external_id = nullif(kernel.external_id, kernel.correlation_id)
  LEFT JOIN shared
    ON cpu_op.trace_id = shared.trace_id AND cpu_op.external_id = shared.external_id
  WHERE
    cpu_op.external_id > 0
    AND CASE
      WHEN kernel.process_id IS NULL THEN shared.external_id IS NULL
      ELSE kernel.process_id = coalesce(cpu_op.process_id, kernel.process_id)
    END
  GROUP BY kernel.trace_id, kernel.kernel_id
),

pair AS (
  SELECT kernel.trace_id, kernel.kernel_id, runtime_call.call_id
  FROM kernel
  INNER JOIN runtime_call
    ON
      kernel.trace_id = runtime_call.trace_id
      AND kernel.correlation_id = runtime_call.correlation_id
      AND coalesce(kernel.process_id, runtime_call.process_id, '')
      = coalesce(runtime_call.process_id, '')
  WHERE kernel.correlation_id > 0
),

candidate AS (
  SELECT trace_id, kernel_id, min(call_id) AS call_id, max(call_id) AS last_call_id
  FROM pair
  GROUP BY trace_id, kernel_id
),

paired AS (
  SELECT trace_id, kernel_id, call_id
  FROM candidate
  WHERE call_id = last_call_id
  UNION ALL
  SELECT
    pair.trace_id,
    pair.kernel_id,
    arg_max(
      call.call_id, (call.start_ns <= kernel.start_ns, call.start_ns, call.call_id)
    ) AS call_id
  FROM pair
  SEMI JOIN (
    FROM candidate
    WHERE call_id < last_call_id
  ) AS several USING (trace_id, kernel_id)
  INNER JOIN kernel USING (trace_id, kernel_id)
  INNER JOIN runtime_call AS call USING (trace_id, call_id)
  GROUP BY pair.trace_id, pair.kernel_id
  -- if calls of several processes match, none of them is known to be the right one
  HAVING min(call.process_id) IS NOT DISTINCT FROM max(call.process_id)
),

-- launching calls of the kernels that don't name an operator
asked AS (
  SELECT trace_id, call_id
  FROM paired
  ANTI JOIN own USING (trace_id, kernel_id)
),

launching AS (
  SELECT
    trace_id,
    call_id,
    process_id,
    thread_id,
    start_ns,
    nullif(external_id, correlation_id) AS external_id
  FROM runtime_call
  SEMI JOIN asked USING (trace_id, call_id)
),

named AS (
  SELECT launching.trace_id, launching.call_id, min(cpu_op.op_id) AS op_id
  FROM launching
  INNER JOIN cpu_op
    ON
      launching.trace_id = cpu_op.trace_id
      AND launching.external_id = cpu_op.external_id
      AND coalesce(launching.process_id, '') = coalesce(cpu_op.process_id, '')
  WHERE cpu_op.external_id > 0
  GROUP BY launching.trace_id, launching.call_id
),

unnamed AS (
  SELECT trace_id, call_id, process_id, thread_id, start_ns
  FROM launching
  ANTI JOIN named USING (trace_id, call_id)
),

-- build the timeline only for threads with such calls
thread AS (
  SELECT DISTINCT trace_id, process_id, thread_id FROM unnamed
),

-- choose the operators before the join: mostly there are no such threads
near AS (
  SELECT
    trace_id,
    op_id,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns
  FROM cpu_op
  SEMI JOIN thread USING (trace_id, process_id, thread_id)
),

nested AS (
  SELECT
    near.trace_id,
    near.track,
    near.op_id AS slice_id,
    near.start_ns,
    parent.end_ns,
    parent.depth,
    parent.parent_op_id AS parent_id,
    parent.root_op_id AS root_id
  FROM near
  INNER JOIN cpu_op_parent AS parent USING (trace_id, op_id)
),

op_timeline AS (
  FROM timeline('nested')
),

around AS (
  SELECT unnamed.trace_id, unnamed.call_id, op_timeline.slice_id AS op_id
  FROM unnamed
  ASOF INNER JOIN op_timeline
    ON
      unnamed.trace_id = op_timeline.trace_id
      AND concat_ws(' ', unnamed.process_id, unnamed.thread_id) = op_timeline.track
      AND unnamed.start_ns >= op_timeline.start_ns
)

SELECT
  kernel.trace_id,
  kernel.kernel_id,
  paired.call_id,
  coalesce(own.op_id, named.op_id, around.op_id) AS op_id,
  CASE
    WHEN own.op_id IS NOT NULL THEN 'external_id'
    WHEN named.op_id IS NOT NULL THEN 'correlation'
    WHEN around.op_id IS NOT NULL THEN 'nesting'
    WHEN paired.call_id IS NOT NULL THEN 'correlation'
    ELSE 'unlinked'
  END AS source
FROM kernel
LEFT JOIN own USING (trace_id, kernel_id)
LEFT JOIN paired USING (trace_id, kernel_id)
LEFT JOIN named USING (trace_id, call_id)
LEFT JOIN around USING (trace_id, call_id)
