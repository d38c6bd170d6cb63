-- launch_statistics: how long launches take, and how long their work waits to start.
--
-- Why:     if most kernels are shorter than the call that launches them, the host can't keep up,
--          and a CUDA graph or a larger batch helps. Delays are never cut off at zero.
-- Grain:   one row per (trace_id, what, call_name)
-- Inputs:  trace, launch_sum
-- Needs:   kernel, call
-- Key:     trace_name, what, call_name, event_count, launch_delay_p50_ns, launch_delay_p99_ns,
--          shorter_than_call_count
-- Columns:
--   trace_id                     trace.trace_id
--   trace_name                   trace.name
--   what                         'kernel' | 'copy'
--   call_name                    runtime_call.name; 'all' for all calls; 'unlinked' for events
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
-- Plot:    Kernels that are shorter than the call that launches them
SELECT
  trace_id,
  trace.name AS trace_name,
  summed.what,
  coalesce(summed.call_name, 'all') AS call_name,
  summed.event_count,
  summed.device_ns,
  summed.unlinked_count,
  summed.unlinked_ns,
  summed.single_count,
  summed.shared_count,
  summed.shorter_than_call_count,
  summed.call_count,
  summed.call_ns,
  summed.call_p50_ns,
  summed.call_max_ns,
  summed.launch_delay_sum_ns,
  summed.launch_delay_min_ns,
  summed.launch_delay_p50_ns,
  summed.launch_delay_p99_ns,
  summed.launch_delay_max_ns,
  summed.negative_launch_delay_count,
  summed.queue_delay_sum_ns,
  summed.negative_queue_delay_count
FROM launch_sum AS summed
INNER JOIN trace USING (trace_id)
ORDER BY
  trace_id, summed.what DESC, summed.call_name IS NOT NULL, summed.event_count DESC,
  summed.call_name
