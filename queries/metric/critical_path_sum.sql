-- critical_path_sum: what the length of a trace consists of, along its critical path.
--
-- Why:     only a part on the path is worth making faster: a kernel that runs while the host is
--          busy launching the next one costs nothing.
-- Grain:   one row per trace
-- Inputs:  trace, path_refusal, path_window, critical_path
-- Needs:   path
-- Key:     trace_name, window_ns, host_ns, launch_call_ns, compute_ns, copy_ns, path_refusal
-- Columns:
--   trace_id                trace.trace_id
--   trace_name              trace.name
--   launching_thread_count  threads that launched kernels or copies
--   window_ns               ns from the first to the last moment of calls, operators, kernels and
--                           copies; the sum of the parts; NULL if refused, as the next nine
--   host_ns                 ns of the host, between its waits and its launches
--   launch_call_ns          ns of launching calls
--   launch_latency_ns       ns from a launching call's end to the start of what it launched
--   device_gap_ns           ns between kernels or copies of which one waited for the other
--   compute_ns              ns of kernels that do not communicate
--   communication_ns        ns of kernels that communicate
--   copy_ns                 ns of copies and fills
--   sync_tail_ns            ns from the end of a kernel to that of the host's wait for it
--   unknown_ns              ns before a kernel whose launch was not recorded
--   segment_count           segments of the path
--   kernel_segment_count    segments that are kernels
--   path_refusal            why there is no path; NULL if there is one
-- Never:   WHERE path_refusal IS NULL AND window_ns <> host_ns + launch_call_ns + launch_latency_ns
--          + device_gap_ns + compute_ns + communication_ns + copy_ns + sync_tail_ns + unknown_ns
-- Plot:    What the length of each trace consists of
WITH summed AS (
  SELECT
    trace_id,
    sum(dur_ns) FILTER (WHERE part = 'host') AS host_ns,
    sum(dur_ns) FILTER (WHERE part = 'launch_call') AS launch_call_ns,
    sum(dur_ns) FILTER (WHERE part = 'launch_latency') AS launch_latency_ns,
    sum(dur_ns) FILTER (WHERE part = 'device_gap') AS device_gap_ns,
    sum(dur_ns) FILTER (WHERE part = 'compute') AS compute_ns,
    sum(dur_ns) FILTER (WHERE part = 'communication') AS communication_ns,
    sum(dur_ns) FILTER (WHERE part = 'copy') AS copy_ns,
    sum(dur_ns) FILTER (WHERE part = 'sync_tail') AS sync_tail_ns,
    sum(dur_ns) FILTER (WHERE part = 'unknown') AS unknown_ns,
    count(*) AS segment_count,
    count(kernel_id) AS kernel_segment_count
  FROM critical_path
  GROUP BY trace_id
)

SELECT
  trace_id,
  trace.name AS trace_name,
  path_refusal.launching_thread_count,
  if(summed.trace_id IS NULL, NULL, path_window.end_ns - path_window.start_ns) AS window_ns,
  if(summed.trace_id IS NULL, NULL, coalesce(summed.host_ns, 0)::BIGINT) AS host_ns,
  if(summed.trace_id IS NULL, NULL, coalesce(summed.launch_call_ns, 0)::BIGINT) AS launch_call_ns,
  if(summed.trace_id IS NULL, NULL, coalesce(summed.launch_latency_ns, 0)::BIGINT)
    AS launch_latency_ns,
  if(summed.trace_id IS NULL, NULL, coalesce(summed.device_gap_ns, 0)::BIGINT) AS device_gap_ns,
  if(summed.trace_id IS NULL, NULL, coalesce(summed.compute_ns, 0)::BIGINT) AS compute_ns,
  if(summed.trace_id IS NULL, NULL, coalesce(summed.communication_ns, 0)::BIGINT)
    AS communication_ns,
  if(summed.trace_id IS NULL, NULL, coalesce(summed.copy_ns, 0)::BIGINT) AS copy_ns,
  if(summed.trace_id IS NULL, NULL, coalesce(summed.sync_tail_ns, 0)::BIGINT) AS sync_tail_ns,
  if(summed.trace_id IS NULL, NULL, coalesce(summed.unknown_ns, 0)::BIGINT) AS unknown_ns,
  summed.segment_count,
  summed.kernel_segment_count,
  path_refusal.refusal AS path_refusal
FROM path_refusal
INNER JOIN trace USING (trace_id)
LEFT JOIN path_window USING (trace_id)
LEFT JOIN summed USING (trace_id)
-- a trace without events has no path, and nothing to refuse
WHERE summed.trace_id IS NOT NULL OR path_refusal.refusal IS NOT NULL
ORDER BY trace_id
