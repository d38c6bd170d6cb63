-- idle_time: how long each device was idle, and why.
--
-- Why:     the cause says what to change: many small gaps while operators run mean that launching
--          is too slow, a wait means that the program asks for a result.
-- Grain:   one row per (trace_id, device_id) with kernels or copies
-- Inputs:  trace, time_refusal, device_layer, idle_gap
-- Needs:   kernel, complete, one_clock, timed
-- Key:     trace_name, device_id, gpu_idle_ns, longest_gap_ns, host_operator_ns,
--          host_other_ns, host_sync_ns, launch_ns, device_ns
-- Columns:
--   trace_id            trace.trace_id
--   trace_name          trace.name
--   device_id           device.device_id
--   gpu_span_ns         ns from the first start to the last end of its kernels and copies; NULL if
--                       refused
--   gpu_busy_ns         ns in which any of them ran, on this device alone: with several devices it
--                       isn't gpu_time's, which unites them; NULL if refused
--   gpu_idle_ns         ns, gpu_span_ns - gpu_busy_ns; NULL if refused
--   gap_count           gaps; NULL if refused
--   longest_gap_ns      ns; 0 without a gap; NULL if refused
--   host_sync_ns        see idle_gap; this and the next columns add up to gpu_idle_ns; all but
--                       unlinked_ns are NULL if the causes are refused
--   host_memory_ns      see idle_gap
--   host_runtime_ns     see idle_gap
--   host_dataloader_ns  see idle_gap
--   host_operator_ns    see idle_gap
--   host_other_ns       see idle_gap
--   launch_ns           see idle_gap
--   device_ns           see idle_gap
--   graph_ns            see idle_gap
--   unlinked_ns         see idle_gap
--   suspect_ns          ns of device_ns in gaps that have over 1 ms of it: the device probably did
--                       something that was not recorded
--   idle_refusal        why the figures, or only the causes, are unknown; NULL if they are known
-- Never:   WHERE gpu_idle_ns < 0 OR gpu_busy_ns + gpu_idle_ns <> gpu_span_ns OR host_sync_ns
--          + host_memory_ns + host_runtime_ns + host_dataloader_ns + host_operator_ns
--          + host_other_ns + launch_ns + device_ns + graph_ns + unlinked_ns <> gpu_idle_ns
-- Plot:    Why the GPU is idle
WITH spanned AS (
  SELECT
    trace_id,
    device_id,
    max(end_ns) - min(start_ns) AS span_ns
  FROM device_layer
  GROUP BY trace_id, device_id
),

-- noqa: disable=LT02
summed AS (
  SELECT
    trace_id,
    device_id,
    count(*) AS gap_count,
    max(gap_ns) AS longest_gap_ns,
    cast(sum(gap_ns) AS BIGINT) AS idle_ns,
    cast(sum(host_sync_ns) AS BIGINT) AS host_sync_ns,
    cast(sum(host_memory_ns) AS BIGINT) AS host_memory_ns,
    cast(sum(host_runtime_ns) AS BIGINT) AS host_runtime_ns,
    cast(sum(host_dataloader_ns) AS BIGINT) AS host_dataloader_ns,
    cast(sum(host_operator_ns) AS BIGINT) AS host_operator_ns,
    cast(sum(host_other_ns) AS BIGINT) AS host_other_ns,
    cast(sum(launch_ns) AS BIGINT) AS launch_ns,
    cast(sum(device_ns) AS BIGINT) AS device_ns,
    cast(sum(graph_ns) AS BIGINT) AS graph_ns,
    cast(sum(unlinked_ns) AS BIGINT) AS unlinked_ns,
    cast(coalesce(sum(device_ns) FILTER (WHERE is_suspect), 0) AS BIGINT) AS suspect_ns
  FROM idle_gap
  GROUP BY trace_id, device_id
),

judged AS (
  SELECT
    trace_id,
    trace.name AS trace_name,
    device_id,
    time_refusal.refusal,
    time_refusal.refusal IS NULL AS has_time,
    time_refusal.refusal IS NULL
    AND coalesce(summed.unlinked_ns, 0) <= 0.1 * coalesce(summed.idle_ns, 0) AS has_cause,
    spanned.span_ns,
    coalesce(COLUMNS(summed.* EXCLUDE (trace_id, device_id)), 0)
  FROM spanned
  INNER JOIN trace USING (trace_id)
  INNER JOIN time_refusal USING (trace_id)
  LEFT JOIN summed USING (trace_id, device_id)
)

SELECT
  trace_id,
  trace_name,
  device_id,
  if(has_time, span_ns, NULL) AS gpu_span_ns,
  if(has_time, span_ns - idle_ns, NULL) AS gpu_busy_ns,
  if(has_time, idle_ns, NULL) AS gpu_idle_ns,
  if(has_time, gap_count, NULL) AS gap_count,
  if(has_time, longest_gap_ns, NULL) AS longest_gap_ns,
  if(has_cause, host_sync_ns, NULL) AS host_sync_ns,
  if(has_cause, host_memory_ns, NULL) AS host_memory_ns,
  if(has_cause, host_runtime_ns, NULL) AS host_runtime_ns,
  if(has_cause, host_dataloader_ns, NULL) AS host_dataloader_ns,
  if(has_cause, host_operator_ns, NULL) AS host_operator_ns,
  if(has_cause, host_other_ns, NULL) AS host_other_ns,
  if(has_cause, launch_ns, NULL) AS launch_ns,
  if(has_cause, device_ns, NULL) AS device_ns,
  if(has_cause, graph_ns, NULL) AS graph_ns,
  if(has_time, unlinked_ns, NULL) AS unlinked_ns,
  if(has_cause, suspect_ns, NULL) AS suspect_ns,
  CASE
    WHEN NOT has_time THEN refusal
    WHEN NOT has_cause
      THEN
        'the calls of the events that end '
        || format('{:.0f}', 100 * unlinked_ns / idle_ns)
        || ' % of the idle time are unknown, so its causes are too'
  END AS idle_refusal
FROM judged
ORDER BY trace_id, device_id
