-- captured_launch: kernels launched while a CUDA graph was captured, with operator and module.
--
-- Why:     a replay starts hundreds of kernels by one call, without operators. The capture asked
--          for the same kernels one by one, inside operators and modules.
-- Grain:   one row per launch between a capture's begin and its end on that thread
-- Inputs:  runtime_call, kernel_launch, cpu_op, cpu_op_parent, annotation,
--          annotation_timeline, timeline
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   capture_id   call_id of the call that began the capture
--   position     place in the capture, from 0
--   call_id      runtime_call.call_id
--   kernel_name  runtime_call.kernel_name; NULL where calls don't name kernels
--   op_id        innermost operator around the call; NULL if there is none
--   op_name      cpu_op.name
--   module       innermost nn.Module frame around it; NULL if there is none
-- Never:   GROUP BY trace_id, capture_id, position HAVING count(*) > 1
WITH mark AS MATERIALIZED (
  SELECT
    trace_id,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns,
    call_id,
    contains(name, 'StreamBeginCapture') AS begins
  FROM runtime_call
  WHERE contains(name, 'StreamBeginCapture') OR contains(name, 'StreamEndCapture')
),

-- without a capture, nothing else is read
capturing AS MATERIALIZED (SELECT DISTINCT trace_id FROM mark),

call AS (
  SELECT
    trace_id,
    call_id,
    name,
    kernel_name,
    start_ns,
    concat_ws(' ', process_id, thread_id) AS track
  FROM runtime_call
  SEMI JOIN capturing USING (trace_id)
),

captured AS (
  SELECT
    call.trace_id,
    mark.call_id AS capture_id,
    call.call_id,
    call.kernel_name,
    call.track,
    call.start_ns,
    row_number() OVER (
      PARTITION BY call.trace_id, mark.call_id ORDER BY call.start_ns, call.call_id
    ) - 1 AS position
  FROM call
  ANTI JOIN kernel_launch
    ON call.trace_id = kernel_launch.trace_id AND call.call_id = kernel_launch.call_id
  ASOF INNER JOIN mark
    ON
      call.trace_id = mark.trace_id AND call.track = mark.track AND call.start_ns >= mark.start_ns
  WHERE mark.begins AND regexp_matches(call.name, 'Launch\w*Kernel')
),

-- only operators that are open when a launch begins: the next launch begins before their end
operator AS (
  SELECT slice.*
  FROM (
    SELECT
      trace_id,
      concat_ws(' ', cpu_op.process_id, cpu_op.thread_id) AS track,
      cpu_op.op_id AS slice_id,
      cpu_op.start_ns,
      parent.end_ns,
      parent.depth,
      parent.parent_op_id AS parent_id,
      parent.root_op_id AS root_id
    FROM (FROM cpu_op SEMI JOIN capturing USING (trace_id)) AS cpu_op
    INNER JOIN (FROM cpu_op_parent SEMI JOIN capturing USING (trace_id)) AS parent
      USING (trace_id, op_id)
  ) AS slice
  ASOF INNER JOIN captured
    ON
      slice.trace_id = captured.trace_id
      AND slice.track = captured.track
      AND slice.start_ns <= captured.start_ns
  WHERE captured.start_ns < slice.end_ns
),

operator_change AS (
  FROM timeline('operator')
)

SELECT
  captured.trace_id,
  captured.capture_id,
  captured.position,
  captured.call_id,
  captured.kernel_name,
  cpu_op.op_id,
  cpu_op.name AS op_name,
  module.name AS module
FROM captured
ASOF LEFT JOIN operator_change AS change
  ON
    captured.trace_id = change.trace_id
    AND captured.track = change.track
    AND captured.start_ns >= change.start_ns
ASOF LEFT JOIN annotation_timeline AS state
  ON
    captured.trace_id = state.trace_id
    AND captured.track = state.track
    AND captured.start_ns >= state.start_ns
LEFT JOIN (
  SELECT trace_id, op_id, name FROM cpu_op
  SEMI JOIN capturing USING (trace_id)
) AS cpu_op
  ON captured.trace_id = cpu_op.trace_id AND change.slice_id = cpu_op.op_id
LEFT JOIN annotation AS module
  ON captured.trace_id = module.trace_id AND state.python_module_id = module.annotation_id
