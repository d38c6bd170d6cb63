-- step_window: the windows that a trace is divided into: the profiler's steps, or all of it.
--
-- Why:     a step on the host ends before its work on the device does. On the device's basis, a
--          step lasts until the work that it launched has ended, and steps still don't overlap.
-- Grain:   one row per (trace_id, basis, start_ns, end_ns); more if threads have equal steps
-- Inputs:  annotation, device_event, runtime_call, cpu_op
-- Columns:
--   trace_id  trace.trace_id
--   basis     'host' (the step's range) | 'device' (until its work has ended; only for steps of a
--             trace with kernels or copies)
--   step      number of the profiler's step; NULL for the one window of a trace without steps, from
--             the first to the last call, operator, kernel or copy
--   start_ns  ns from the trace's base
--   end_ns    ns
-- Never:   WHERE end_ns < start_ns
WITH step AS (
  SELECT
    trace_id,
    try_cast(split_part(name, '#', 2) AS BIGINT) AS step,
    start_ns,
    start_ns + dur_ns AS end_ns
  FROM annotation
  WHERE kind = 'profiler_step'
),

moment AS (
  SELECT trace_id, start_ns AS at_ns FROM step
  UNION
  SELECT trace_id, end_ns AS at_ns FROM step
),

-- until when the work lasts whose call starts between two such moments
asked AS (
  SELECT
    moment.trace_id,
    moment.at_ns,
    max(event.end_ns) AS work_end_ns
  FROM device_event AS event
  ASOF INNER JOIN moment
    ON event.trace_id = moment.trace_id AND event.call_start_ns >= moment.at_ns
  WHERE event.call_start_ns IS NOT NULL
  GROUP BY moment.trace_id, moment.at_ns
),

-- steps of several threads can lie within each other
worked AS (
  SELECT step.trace_id, step.start_ns, step.end_ns, max(asked.work_end_ns) AS work_end_ns
  FROM step
  INNER JOIN asked
    ON
      step.trace_id = asked.trace_id
      AND step.start_ns <= asked.at_ns
      AND step.end_ns > asked.at_ns
  GROUP BY step.trace_id, step.start_ns, step.end_ns
),

device_end AS (
  SELECT
    step.trace_id,
    step.step,
    step.start_ns,
    step.end_ns AS host_end_ns,
    greatest(host_end_ns, worked.work_end_ns) AS end_ns
  FROM step
  SEMI JOIN device_event ON step.trace_id = device_event.trace_id
  LEFT JOIN worked
    ON
      step.trace_id = worked.trace_id
      AND step.start_ns = worked.start_ns
      AND step.end_ns = worked.end_ns
),

device_step AS (
  SELECT
    trace_id,
    step,
    greatest(
      start_ns, max(end_ns) OVER (in_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ) AS start_ns,
    max(end_ns) OVER (in_order ROWS UNBOUNDED PRECEDING) AS end_ns
  FROM device_end
  WINDOW in_order AS (PARTITION BY trace_id ORDER BY start_ns, host_end_ns, step)
),

extent AS (
  SELECT trace_id, start_ns, end_ns FROM device_event
  UNION ALL
  SELECT trace_id, start_ns, start_ns + dur_ns AS end_ns FROM runtime_call
  UNION ALL
  SELECT trace_id, start_ns, start_ns + dur_ns AS end_ns FROM cpu_op
)

SELECT trace_id, 'host' AS basis, step, start_ns, end_ns FROM step
UNION ALL
SELECT trace_id, 'device' AS basis, step, start_ns, end_ns FROM device_step
UNION ALL
SELECT
  trace_id,
  'host' AS basis,
  NULL AS step,
  min(start_ns) AS start_ns,
  max(end_ns) AS end_ns
FROM extent
ANTI JOIN step USING (trace_id)
GROUP BY trace_id
