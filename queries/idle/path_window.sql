-- path_window: the time that a critical path has to explain, and the last event of a device in it.
--
-- Why:     a path ends with whatever ends last, which can be the host or a device.
-- Grain:   one row per trace without a refusal with a call, an operator or a device's event
-- Inputs:  runtime_call, cpu_op, kernel, gpu_copy, path_refusal
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   start_ns      ns from the trace's base, of the first call, operator, kernel or copy
--   end_ns        ns, where the last of them ends
--   event_end_ns  ns, where the last kernel or copy ends; NULL if there is none
--   event_id      path_event.event_id of that one
-- Never:   WHERE end_ns < start_ns OR event_end_ns > end_ns
WITH moment AS (
  SELECT trace_id, start_ns, start_ns + dur_ns AS end_ns, NULL AS event_id FROM runtime_call
  UNION ALL
  SELECT trace_id, start_ns, start_ns + dur_ns AS end_ns, NULL AS event_id FROM cpu_op
  UNION ALL
  SELECT trace_id, start_ns, start_ns + dur_ns AS end_ns, 2 * kernel_id AS event_id FROM kernel
  UNION ALL
  SELECT trace_id, start_ns, start_ns + dur_ns AS end_ns, 2 * copy_id + 1 AS event_id FROM gpu_copy
)

SELECT
  trace_id,
  min(start_ns) AS start_ns,
  max(end_ns) AS end_ns,
  max(end_ns) FILTER (WHERE event_id IS NOT NULL) AS event_end_ns,
  arg_max(event_id, end_ns) AS event_id
FROM moment
SEMI JOIN (
  SELECT trace_id FROM path_refusal
  WHERE refusal IS NULL
) AS answered USING (trace_id)
GROUP BY trace_id
