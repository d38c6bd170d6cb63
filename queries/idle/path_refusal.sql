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
WITH sampled AS (
  SELECT trace_id, call_id FROM kernel_launch
  WHERE kernel_id % 1000 = 0
),

-- most kernels come from the same few threads, so some of them find these threads
found AS MATERIALIZED (
  SELECT DISTINCT trace_id, process_id, thread_id FROM runtime_call
  SEMI JOIN sampled USING (trace_id, call_id)
),

rest AS MATERIALIZED (
  SELECT
    call.trace_id,
    call.call_id,
    call.process_id,
    call.thread_id
  FROM runtime_call AS call
  ANTI JOIN found
    ON
      call.trace_id = found.trace_id
      AND call.process_id IS NOT DISTINCT FROM found.process_id
      AND call.thread_id IS NOT DISTINCT FROM found.thread_id
),

thread AS (
  FROM found
  UNION
  SELECT trace_id, process_id, thread_id FROM rest
  SEMI JOIN (
    SELECT trace_id, call_id FROM kernel_launch
    SEMI JOIN rest AS asked USING (trace_id)
    UNION ALL
    SELECT trace_id, call_id FROM copy_call
    SEMI JOIN rest AS asked USING (trace_id)
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
