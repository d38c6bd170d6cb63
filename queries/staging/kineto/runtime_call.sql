-- runtime_call: the runtime and driver calls of a Kineto trace.
--
-- Why:     launches are in the driver's category too (cuLaunchKernelEx), so both are read, by
--          category and never by a list of names.
-- Grain:   one row per call
-- Inputs:  kineto_event, trace_file
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
    file.trace_id,
    event.pid AS process_id,
    event.tid AS thread_id,
    event.start_ns,
    event.dur_ns,
    event.name,
    event.correlation_id,
    event.external_id
  FROM kineto_event AS event
  CROSS JOIN trace_file AS file
  WHERE event.role = 'runtime' AND event.ph = 'X' AND event.start_ns IS NOT NULL
  -- a sort spills to disk, a window over all rows would not
  ORDER BY event.pid, event.tid, event.start_ns, event.dur_ns DESC, event.correlation_id
)

SELECT
  trace_id,
  row_number() OVER () AS call_id,
  process_id,
  thread_id,
  start_ns,
  dur_ns,
  name,
  correlation_id,
  external_id
FROM ordered
