-- waiting_call: calls in which the host waited for the device, and calls that only asked or freed.
--
-- Why:     a synchronous copy holds the host as a synchronisation does, and so does an asynchronous
--          copy of pageable memory. Only the copy's end shows that: it is before the call's end.
-- Grain:   one row per such call
-- Inputs:  runtime_call, call_kind, copy_call, gpu_copy
-- From:    call_kind
-- Columns:
--   trace_id   trace.trace_id
--   call_id    runtime_call.call_id
--   kind       'explicit' (a synchronisation) | 'copy' (a copy that held the host) | 'poll' (an
--              event or stream query) | 'free' (frees memory, and may wait inside)
--   name       runtime_call.name
--   track      process and thread
--   start_ns   ns from the trace's base
--   end_ns     ns
--   is_nested  true if a call that waits lies within another on its thread: one wait that was
--              recorded twice
-- Never:   GROUP BY trace_id, call_id HAVING count(*) > 1
WITH copied AS (
  SELECT
    trace_id,
    call_id,
    bool_or(gpu_copy.kind NOT IN ('DtoD', 'memset')) AS leaves_device,
    bool_or(
      gpu_copy.kind IN ('HtoD', 'DtoH', 'HtoH', 'other')
      AND gpu_copy.host_memory IS DISTINCT FROM 'pinned'
      AND gpu_copy.start_ns + gpu_copy.dur_ns <= call.start_ns + call.dur_ns
    ) AS has_held
  FROM copy_call
  INNER JOIN gpu_copy USING (trace_id, copy_id)
  INNER JOIN runtime_call AS call USING (trace_id, call_id)
  GROUP BY trace_id, call_id
),

-- most calls launch, and none of those waits
named AS (
  SELECT trace_id, name, kind FROM call_kind
  WHERE kind IN ('wait', 'copy', 'poll', 'free')
),

waiting AS (
  SELECT
    call.trace_id,
    call.call_id,
    if(named.kind = 'wait', 'explicit', named.kind) AS kind,
    call.name,
    concat_ws(' ', call.process_id, call.thread_id) AS track,
    call.start_ns,
    call.start_ns + call.dur_ns AS end_ns
  FROM runtime_call AS call
  INNER JOIN named USING (trace_id, name)
  LEFT JOIN copied USING (trace_id, call_id)
  WHERE
    named.kind <> 'copy'
    OR copied.has_held
    OR (copied.leaves_device AND NOT contains(call.name, 'Async'))
)

SELECT
  trace_id,
  call_id,
  kind,
  name,
  track,
  start_ns,
  end_ns,
  kind IN ('explicit', 'copy') AND coalesce(end_ns <= max(end_ns) OVER (
    PARTITION BY trace_id, track, kind IN ('explicit', 'copy')
    ORDER BY start_ns, end_ns DESC, call_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), FALSE) AS is_nested
FROM waiting
