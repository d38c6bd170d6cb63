-- host_activity: every wait, call, outermost operator and range that loads data, by its layer.
--
-- Why:     a thread is in the first of these that is open, so each has its place in the order.
--          Traces of 2021 have the profiler's steps among the operators.
-- Grain:   one row per call, and one more if it waits; per outermost operator, per operator right
--          below a step of the profiler, and per range that loads data
-- Inputs:  waiting_call, call_kind, runtime_call, cpu_op, cpu_op_parent, annotation
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   track     process and thread
--   layer     0 (a call that waits for the device) | 1 (allocates or frees) | 2 (any other call) |
--             3 (a range that loads data) | 4 (an outermost operator) | 5 (one that is a step of
--             the profiler) | 6 (an operator right below such a step)
--   start_ns  ns from the trace's base
--   end_ns    ns
-- Never:   WHERE end_ns < start_ns
WITH call AS (
  SELECT
    call.trace_id,
    concat_ws(' ', call.process_id, call.thread_id) AS track,
    if(call_kind.kind IN ('allocate', 'free'), 1, 2) AS layer,
    call.start_ns,
    call.start_ns + call.dur_ns AS end_ns
  FROM runtime_call AS call
  LEFT JOIN call_kind USING (trace_id, name)
),

step_op AS (
  SELECT trace_id, op_id FROM cpu_op
  WHERE starts_with(name, 'ProfilerStep#')
),

-- the union of all operators is that of the outermost ones
operator AS (
  SELECT
    cpu_op.trace_id,
    concat_ws(' ', cpu_op.process_id, cpu_op.thread_id) AS track,
    CASE
      WHEN starts_with(cpu_op.name, 'ProfilerStep#') THEN 5
      WHEN parent.depth = 0 THEN 4
      ELSE 6
    END AS layer,
    cpu_op.start_ns,
    parent.end_ns
  FROM cpu_op_parent AS parent
  INNER JOIN cpu_op USING (trace_id, op_id)
  LEFT JOIN step_op ON parent.trace_id = step_op.trace_id AND parent.parent_op_id = step_op.op_id
  WHERE
    parent.depth = 0
    OR (step_op.op_id IS NOT NULL AND NOT starts_with(cpu_op.name, 'ProfilerStep#'))
),

dataloader AS (
  SELECT trace_id, process_id, thread_id, start_ns, dur_ns FROM cpu_op
  WHERE starts_with(name, 'enumerate(DataLoader)')
  UNION ALL
  SELECT trace_id, process_id, thread_id, start_ns, dur_ns FROM annotation
  WHERE kind = 'user' AND starts_with(name, 'enumerate(DataLoader)')
)

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
