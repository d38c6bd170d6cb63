-- lost_gap: idle time of a device that a change could save, by kind (129 lines because of waits).
--
-- Why:     each ns of a gap has one cause, and a cause has one kind of fix. After a wait the queue
--          is empty, so the whole gap belongs to the wait: without it the host would have been
--          ahead. A wait that begins with or after the call that ended the gap didn't delay that
--          call. Time between an asked-for event and its start, in graphs and before events
--          without a call has no fix that the trace shows. Without the calls of a tenth of it, the
--          causes of a device's idle time are unknown.
-- Grain:   one row per (trace_id, device_id, gap_start_ns, kind)
-- Inputs:  idle_gap, runtime_call, waiting_call, copy_call, gpu_copy, limit_constant
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   device_id     device.device_id
--   gap_start_ns  ns, see idle_gap
--   kind          'host_wait' (the host waited for the device) | 'pageable_copy' (for a copy of
--                 pageable memory) | 'allocation' (it allocated or freed device memory) |
--                 'data_loading' | 'launch_bound' (it was in operators, Python and launches, in a
--                 short gap) | 'host_pause' (in a long one) | 'first_launch' (a launch call of a
--                 long gap, which loads kernels)
--   kernel_id     see idle_gap
--   call_id       the waiting call; of other kinds, the call that ended the gap
--   lost_ns       ns of the gap
--   sure_ns       ns of a wait's gap in which the host still waited; 0 for other kinds
-- Never:   SELECT trace_id FROM lost_gap INNER JOIN idle_gap AS gap USING (trace_id, device_id)
--          WHERE gap_start_ns = gap.start_ns GROUP BY trace_id, device_id, gap_start_ns
--          HAVING sum(lost_ns) > min(gap.gap_ns)
WITH caused AS (
  SELECT trace_id, device_id FROM idle_gap
  GROUP BY trace_id, device_id
  HAVING sum(unlinked_ns) <= 0.1 * sum(gap_ns)
),

gap AS (
  SELECT
    idle_gap.*,
    concat_ws(' ', call.process_id, call.thread_id) AS track,
    call.start_ns AS call_start_ns,
    gap_ns - unlinked_ns - graph_ns - device_ns AS host_and_launch_ns
  FROM idle_gap
  SEMI JOIN caused USING (trace_id, device_id)
  LEFT JOIN runtime_call AS call USING (trace_id, call_id)
),

-- the largest copy of each call
pageable AS (
  SELECT trace_id, copy_call.call_id, max(gpu_copy.size_bytes) AS size_bytes
  FROM copy_call
  INNER JOIN gpu_copy USING (trace_id, copy_id)
  WHERE gpu_copy.host_memory = 'pageable' AND gpu_copy.kind IN ('HtoD', 'DtoH')
  GROUP BY trace_id, copy_call.call_id
),

wait AS MATERIALIZED (
  SELECT
    waiting.trace_id,
    waiting.track,
    waiting.call_id,
    waiting.start_ns,
    waiting.end_ns,
    -- a small copy brings a value that the program asks for
    if(pageable.size_bytes >= limit_constant.value_bytes, 'pageable_copy', 'host_wait') AS kind
  FROM waiting_call AS waiting
  CROSS JOIN limit_constant
  LEFT JOIN pageable USING (trace_id, call_id)
  WHERE waiting.kind IN ('explicit', 'copy') AND NOT waiting.is_nested
),

-- the last wait before the call that ended the gap, if the gap began in it or before it
waited AS (
  SELECT
    gap.*,
    if(wait.end_ns >= gap.start_ns, wait.kind, NULL) AS wait_kind,
    wait.call_id AS wait_call_id
  FROM gap
  ASOF LEFT JOIN wait
    ON
      gap.trace_id = wait.trace_id
      AND gap.track = wait.track
      AND gap.call_start_ns > wait.start_ns
  WHERE gap.host_and_launch_ns > 0
),

part AS (
  SELECT
    waited.trace_id,
    waited.device_id,
    waited.start_ns,
    waited.kernel_id,
    if(wait_kind IS NULL, waited.call_id, waited.wait_call_id) AS call_id,
    if(wait_kind IS NULL, 0, waited.host_sync_ns) AS sure_ns,
    waited.gap_ns >= limit_constant.short_gap_ns AS is_long,
    waited.host_operator_ns + waited.host_other_ns + waited.host_runtime_ns AS host_ns,
    -- a copy that holds the host until it ends does not launch ahead
    if(own.kind IS NULL, waited.launch_ns, 0) AS launching_ns,
    unnest([
      coalesce(wait_kind, own.kind), 'allocation', 'data_loading',
      if(is_long, 'host_pause', 'launch_bound'), if(is_long, 'first_launch', NULL)
    ]) AS kind,
    unnest([
      if(
        wait_kind IS NULL, waited.launch_ns,
        waited.host_and_launch_ns - waited.host_memory_ns - waited.host_dataloader_ns
      ),
      waited.host_memory_ns,
      waited.host_dataloader_ns,
      -- around a wait for data, the rest is the loader's too
      if(
        wait_kind IS NULL AND 2 * waited.host_dataloader_ns < waited.gap_ns,
        host_ns + if(is_long, 0, launching_ns), 0
      ),
      if(wait_kind IS NULL, launching_ns, 0)
    ]) AS lost_ns
  FROM waited
  CROSS JOIN limit_constant
  LEFT JOIN wait AS own ON waited.trace_id = own.trace_id AND waited.call_id = own.call_id
)

SELECT
  trace_id,
  device_id,
  start_ns AS gap_start_ns,
  kind,
  kernel_id,
  call_id,
  lost_ns,
  if(kind IN ('host_wait', 'pageable_copy'), sure_ns, 0) AS sure_ns
FROM part
WHERE kind IS NOT NULL AND lost_ns > 0
