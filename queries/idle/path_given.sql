-- path_given: the kernels and copies of traces that can have a critical path, with their streams.
--
-- Why:     a refused trace can have millions of events, which need not be read.
-- Grain:   one row per kernel or gpu_copy of a trace without a path_refusal
-- Inputs:  device_event, path_refusal
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   event_id       2 * kernel_id, or 2 * copy_id + 1
--   kernel_id      kernel.kernel_id; NULL for a copy
--   copy_id        gpu_copy.copy_id; NULL for a kernel
--   stream         device and stream
--   start_ns       ns from the trace's base
--   end_ns         ns
--   call_id        see device_event
--   call_start_ns  ns
--   call_end_ns    ns
-- Never:   GROUP BY trace_id, event_id HAVING count(*) > 1
SELECT
  trace_id,
  if(kernel_id IS NULL, 2 * copy_id + 1, 2 * kernel_id) AS event_id,
  kernel_id,
  copy_id,
  concat_ws(' ', device_id, stream_id) AS stream,
  start_ns,
  end_ns,
  call_id,
  call_start_ns,
  call_end_ns
FROM device_event
SEMI JOIN (
  SELECT trace_id FROM path_refusal
  WHERE refusal IS NULL
) AS answered USING (trace_id)
