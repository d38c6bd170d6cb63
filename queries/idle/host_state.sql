-- host_state: what each thread that a device waited for was in, at each moment.
--
-- Why:     while a device is idle and has not been asked for work, the reason is on the thread that
--          asks next: it waits, allocates, calls, loads data or runs an operator.
-- Grain:   one row per (trace_id, track, start_ns) at which the state of a thread changes; only
--          threads whose call ended a gap, and began in it
-- Inputs:  waiting_call, call_kind, runtime_call, device_gap, cpu_op, cpu_op_parent, annotation,
--          open_layer
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   track     process and thread
--   start_ns  ns; the state holds until the next row of the track
--   state     the first that applies: 'host_sync' (a call that waits for the device) |
--             'host_memory' (allocates or frees) | 'host_runtime' (any other call) |
--             'host_dataloader' | 'host_operator' | 'host_other' (Python, or nothing recorded)
WITH launching AS (
  SELECT DISTINCT trace_id, track FROM device_gap
  WHERE whole_cause IS NULL AND host_end_ns > gap_start_ns
),

call AS (
  SELECT
    call.trace_id,
    concat_ws(' ', call.process_id, call.thread_id) AS track,
    if(call_kind.kind IN ('allocate', 'free'), 1, 2) AS layer,
    call.start_ns,
    call.start_ns + call.dur_ns AS end_ns
  FROM runtime_call AS call
  LEFT JOIN call_kind USING (trace_id, name)
),

-- the union of all operators is that of the outermost ones
operator AS (
  SELECT
    cpu_op.trace_id,
    concat_ws(' ', cpu_op.process_id, cpu_op.thread_id) AS track,
    4 AS layer,
    cpu_op.start_ns,
    cpu_op_parent.end_ns
  FROM cpu_op
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  WHERE cpu_op_parent.depth = 0
),

dataloader AS (
  SELECT trace_id, process_id, thread_id, start_ns, dur_ns FROM cpu_op
  WHERE starts_with(name, 'enumerate(DataLoader)')
  UNION ALL
  SELECT trace_id, process_id, thread_id, start_ns, dur_ns FROM annotation
  WHERE kind = 'user' AND starts_with(name, 'enumerate(DataLoader)')
),

layer AS (
  SELECT
    trace_id,
    track,
    0 AS layer,
    start_ns,
    end_ns
  FROM waiting_call
  WHERE kind IN ('explicit', 'copy')
  UNION ALL
  FROM call
  UNION ALL
  FROM operator
  UNION ALL
  SELECT
    trace_id,
    concat_ws(' ', process_id, thread_id) AS track,
    3 AS layer,
    start_ns,
    start_ns + dur_ns AS end_ns
  FROM dataloader
),

of_launching AS (
  FROM layer SEMI JOIN launching USING (trace_id, track)
)

SELECT
  trace_id,
  track,
  start_ns,
  CASE
    WHEN layers & 1 > 0 THEN 'host_sync'
    WHEN layers & 2 > 0 THEN 'host_memory'
    WHEN layers & 4 > 0 THEN 'host_runtime'
    WHEN layers & 8 > 0 THEN 'host_dataloader'
    WHEN layers & 16 > 0 THEN 'host_operator'
    ELSE 'host_other'
  END AS state
FROM open_layer('of_launching')
