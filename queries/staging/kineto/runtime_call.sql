-- runtime_call: the runtime and driver calls of a Kineto trace.
--
-- Why:     launches are in the driver's category too (cuLaunchKernelEx), so both are read, by
--          category and never by a list of names.
-- Grain:   one row per call
-- Inputs:  kineto_event, kineto_text, trace_file
-- Columns:
--   trace_id        trace.trace_id
--   call_id         in order of process, thread and start
--   process_id      process, as text
--   thread_id       thread, as text
--   start_ns        ns from the trace's base
--   dur_ns          ns on the host
--   name            as recorded
--   correlation_id  shared with what the call put on the device; NULL if absent
--   external_id     links to cpu_op; NULL if absent
WITH ordered AS (
  SELECT
    text_id,
    start_ns,
    dur_ns,
    correlation_id,
    external_id
  FROM kineto_event
  WHERE role = 'runtime' AND ph = 'X' AND start_ns IS NOT NULL
  -- a sort spills to disk, a window over all rows would not; texts would make it dear
  ORDER BY thread_order, start_ns, dur_ns DESC, correlation_id
),

numbered AS (
  SELECT
    *,
    row_number() OVER () AS call_id
  FROM ordered
)

SELECT
  file.trace_id,
  numbered.call_id,
  text.pid AS process_id,
  text.tid AS thread_id,
  numbered.start_ns,
  numbered.dur_ns,
  text.name,
  numbered.correlation_id,
  numbered.external_id
FROM numbered
INNER JOIN kineto_text AS text ON numbered.text_id = text.text_id
CROSS JOIN trace_file AS file
