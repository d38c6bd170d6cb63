-- device_event: kernels, copies and fills of a device, with the call that asked for each.
--
-- Why:     a device is busy with all of them, and why it was idle is seen from the call that ended
--          the gap.
-- Grain:   one row per kernel or gpu_copy
-- Inputs:  kernel, gpu_copy, runtime_call, kernel_launch, copy_call
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   kernel_id      kernel.kernel_id; NULL for a copy
--   copy_id        gpu_copy.copy_id; NULL for a kernel
--   device_id      device.device_id
--   stream_id      stream or queue
--   process_id     process that launched it; NULL if the trace does not say
--   start_ns       ns from the trace's base
--   end_ns         ns
--   call_id        runtime_call.call_id; NULL if no call is known; of several calls of one
--                  correlation, the last that starts at or before the event, else the last
--   track          process and thread of the call
--   call_start_ns  ns
--   call_end_ns    ns
-- Never:   WHERE (kernel_id IS NULL) = (copy_id IS NULL) OR end_ns < start_ns
WITH event AS (
  SELECT
    kernel.trace_id,
    kernel.kernel_id,
    cast(NULL AS BIGINT) AS copy_id,
    kernel.device_id,
    kernel.stream_id,
    kernel.process_id,
    kernel.start_ns,
    kernel.start_ns + kernel.dur_ns AS end_ns,
    kernel_launch.call_id
  FROM kernel
  LEFT JOIN kernel_launch USING (trace_id, kernel_id)
  UNION ALL
  SELECT
    gpu_copy.trace_id,
    NULL AS kernel_id,
    gpu_copy.copy_id,
    gpu_copy.device_id,
    gpu_copy.stream_id,
    gpu_copy.process_id,
    gpu_copy.start_ns,
    gpu_copy.start_ns + gpu_copy.dur_ns AS end_ns,
    copy_call.call_id
  FROM gpu_copy
  LEFT JOIN copy_call USING (trace_id, copy_id)
)

SELECT
  event.trace_id,
  event.kernel_id,
  event.copy_id,
  event.device_id,
  event.stream_id,
  event.process_id,
  event.start_ns,
  event.end_ns,
  event.call_id,
  if(call.call_id IS NULL, NULL, concat_ws(' ', call.process_id, call.thread_id)) AS track,
  call.start_ns AS call_start_ns,
  call.start_ns + call.dur_ns AS call_end_ns
FROM event
LEFT JOIN runtime_call AS call USING (trace_id, call_id)
