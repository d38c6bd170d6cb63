-- launch_sum: how long launches take, and how long their work waits to start, added up.
--
-- Why:     percentiles need every launch, so they are taken once, when the trace is loaded.
-- Grain:   one row per (trace_id, what, call_name)
-- Inputs:  device_event, launch, runtime_call
-- Columns:
--   trace_id                     trace.trace_id
--   what                         'kernel' | 'copy'
--   call_name                    runtime_call.name; NULL for all calls; 'unlinked' for events
--                                whose call is unknown
--   event_count                  kernels or copies
--   device_ns                    ns, sum of their durations
--   unlinked_count               events whose call is unknown; they are in no statistic below
--   unlinked_ns                  ns, sum of their durations
--   single_count                 events that are alone in their call
--   shared_count                 events of calls that started several, such as graph launches
--   shorter_than_call_count      events alone in their call that are shorter than the call
--   call_count                   calls, by the first event of each
--   call_ns                      ns, sum of the lengths of the calls
--   call_p50_ns                  ns, median of the calls; percentiles are measured values, the
--                                smallest with at least that share at or below it
--   call_max_ns                  ns
--   launch_delay_sum_ns          ns, sum over calls of the time from the call's start to the first
--                                event's start
--   launch_delay_min_ns          ns
--   launch_delay_p50_ns          ns
--   launch_delay_p99_ns          ns
--   launch_delay_max_ns          ns
--   negative_launch_delay_count  calls that start after their event: the clocks of host and
--                                device disagree
--   queue_delay_sum_ns           ns, sum over calls of the time from the call's end to the first
--                                event's start
--   negative_queue_delay_count   calls whose event started before they returned
-- Never:   WHERE single_count + shared_count + unlinked_count <> event_count
WITH event AS (
  SELECT
    launch.trace_id,
    if(launch.kernel_id IS NULL, 'copy', 'kernel') AS what,
    runtime_call.name AS call_name,
    launch.device_ns,
    launch.launch_event_count,
    if(launch.launch_ordinal = 1, launch.call_ns, NULL) AS call_ns,
    if(launch.launch_ordinal = 1, launch.launch_delay_ns, NULL) AS launch_delay_ns,
    if(launch.launch_ordinal = 1, launch.queue_delay_ns, NULL) AS queue_delay_ns,
    launch.launch_event_count = 1 AND launch.device_ns < launch.call_ns AS is_shorter
  FROM launch
  INNER JOIN runtime_call USING (trace_id, call_id)
  UNION ALL BY NAME
  SELECT
    trace_id,
    if(kernel_id IS NULL, 'copy', 'kernel') AS what,
    'unlinked' AS call_name,
    end_ns - start_ns AS device_ns
  FROM device_event
  WHERE call_id IS NULL
)

-- noqa: disable=LT02
SELECT
  trace_id,
  what,
  call_name,
  count(*) AS event_count,
  try_cast(sum(device_ns) AS BIGINT) AS device_ns,
  count(*) FILTER (WHERE launch_event_count IS NULL) AS unlinked_count,
  try_cast(coalesce(sum(device_ns) FILTER (WHERE launch_event_count IS NULL), 0) AS BIGINT)
    AS unlinked_ns,
  count(*) FILTER (WHERE launch_event_count = 1) AS single_count,
  count(*) FILTER (WHERE launch_event_count > 1) AS shared_count,
  count(*) FILTER (WHERE is_shorter) AS shorter_than_call_count,
  count(call_ns) AS call_count,
  try_cast(sum(call_ns) AS BIGINT) AS call_ns,
  quantile_disc(call_ns, 0.5) AS call_p50_ns,
  max(call_ns) AS call_max_ns,
  try_cast(sum(launch_delay_ns) AS BIGINT) AS launch_delay_sum_ns,
  min(launch_delay_ns) AS launch_delay_min_ns,
  quantile_disc(launch_delay_ns, 0.5) AS launch_delay_p50_ns,
  quantile_disc(launch_delay_ns, 0.99) AS launch_delay_p99_ns,
  max(launch_delay_ns) AS launch_delay_max_ns,
  count(*) FILTER (WHERE launch_delay_ns < 0) AS negative_launch_delay_count,
  try_cast(sum(queue_delay_ns) AS BIGINT) AS queue_delay_sum_ns,
  count(*) FILTER (WHERE queue_delay_ns < 0) AS negative_queue_delay_count
FROM event
GROUP BY GROUPING SETS ((trace_id, what, call_name), (trace_id, what))
