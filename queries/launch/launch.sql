-- launch: how long each kernel and copy took from its call to its start.
--
-- Why:     a long delay is a full queue, which is good; a start right after the call means that the
--          device was waiting for the host. One graph launch starts many events: statistics count
--          its first one only.
-- Grain:   one row per kernel or copy whose call is known
-- Inputs:  device_event
-- Kept:    view
-- Columns:
--   trace_id            trace.trace_id
--   kernel_id           kernel.kernel_id; NULL for a copy
--   copy_id             gpu_copy.copy_id; NULL for a kernel
--   call_id             runtime_call.call_id
--   device_id           device.device_id
--   stream_id           stream or queue
--   launch_ordinal      place among the events of its call, from 1
--   launch_event_count  events of its call
--   call_ns             ns, length of the call
--   launch_delay_ns     ns from the start of the call to the start of the event; negative if the
--                       clocks of host and device disagree
--   queue_delay_ns      ns from the end of the call; negative if the event began before it returned
--   device_ns           ns, length of the event
-- Never:   WHERE launch_delay_ns - queue_delay_ns <> call_ns OR launch_ordinal > launch_event_count
SELECT
  trace_id,
  kernel_id,
  copy_id,
  call_id,
  device_id,
  stream_id,
  row_number() OVER (
    PARTITION BY trace_id, call_id ORDER BY start_ns, end_ns, copy_id NULLS FIRST, kernel_id
  ) AS launch_ordinal,
  count(*) OVER (PARTITION BY trace_id, call_id) AS launch_event_count,
  call_end_ns - call_start_ns AS call_ns,
  start_ns - call_start_ns AS launch_delay_ns,
  start_ns - call_end_ns AS queue_delay_ns,
  end_ns - start_ns AS device_ns
FROM device_event
WHERE call_id IS NOT NULL
