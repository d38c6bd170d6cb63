-- path_refusal: why a trace has no critical path.
--
-- Why:     if several threads launch work, nothing records which of them waited for which.
-- Grain:   one row per trace
-- Inputs:  trace, device_event, time_refusal
-- Kept:    view
-- Columns:
--   trace_id                trace.trace_id
--   launching_thread_count  threads that launched kernels or copies
--   refusal                 one sentence; NULL if there is none
-- Never:   GROUP BY trace_id HAVING count(*) > 1
WITH launching AS (
  SELECT trace_id, count(DISTINCT track) AS thread_count
  FROM device_event
  WHERE call_id IS NOT NULL
  GROUP BY trace_id
)

SELECT
  trace_id,
  coalesce(launching.thread_count, 0) AS launching_thread_count,
  coalesce(
    time_refusal.refusal,
    if(
      launching.thread_count > 1,
      'launches come from ' || launching.thread_count
      || ' threads: which waited for which is not recorded', NULL
    )
  ) AS refusal
FROM trace
LEFT JOIN launching USING (trace_id)
LEFT JOIN time_refusal USING (trace_id)
