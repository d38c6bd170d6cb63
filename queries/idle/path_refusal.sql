-- path_refusal: why a trace has no critical path.
--
-- Why:     if several threads launch work, nothing records which of them waited for which.
-- Grain:   one row per trace
-- Inputs:  trace, kernel_launch, copy_call, runtime_call, time_refusal
-- Kept:    view
-- Columns:
--   trace_id                trace.trace_id
--   launching_thread_count  threads that launched kernels or copies
--   refusal                 one sentence; NULL if there is none
-- Never:   GROUP BY trace_id HAVING count(*) > 1
WITH thread AS (
  SELECT DISTINCT trace_id, process_id, thread_id
  FROM runtime_call
  SEMI JOIN (
    SELECT trace_id, call_id FROM kernel_launch
    UNION ALL
    SELECT trace_id, call_id FROM copy_call
  ) AS launched USING (trace_id, call_id)
),

launching AS (
  SELECT trace_id, count(*) AS thread_count FROM thread
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
