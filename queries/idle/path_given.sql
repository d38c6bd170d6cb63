-- path_given: the kernels and copies of traces that can have a critical path, with their streams.
--
-- Why:     a refused trace can have millions of events, which need not be read.
-- Grain:   one row per kernel or gpu_copy of a trace without a path_refusal
-- Inputs:  kernel, gpu_copy, kernel_launch, copy_call, runtime_call, path_refusal
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
WITH answered AS MATERIALIZED (
  SELECT trace_id FROM path_refusal
  WHERE refusal IS NULL
),

-- of each table by itself, because DuckDB reads all of one to look up nothing in it
linked AS (
  SELECT trace_id, 2 * kernel_id AS event_id, call_id FROM kernel_launch
  SEMI JOIN answered USING (trace_id)
  UNION ALL
  SELECT trace_id, 2 * copy_id + 1 AS event_id, call_id FROM copy_call
  SEMI JOIN answered USING (trace_id)
),

event AS (
  SELECT
    trace_id,
    2 * kernel_id AS event_id,
    kernel_id,
    NULL::BIGINT AS copy_id,
    concat_ws(' ', device_id, stream_id) AS stream,
    start_ns,
    dur_ns
  FROM kernel
  SEMI JOIN answered USING (trace_id)
  UNION ALL
  SELECT
    trace_id,
    2 * copy_id + 1 AS event_id,
    NULL::BIGINT AS kernel_id,
    copy_id,
    concat_ws(' ', device_id, stream_id) AS stream,
    start_ns,
    dur_ns
  FROM gpu_copy
  SEMI JOIN answered USING (trace_id)
),

call AS (
  SELECT trace_id, call_id, start_ns, dur_ns FROM runtime_call
  SEMI JOIN answered USING (trace_id)
)

SELECT
  event.trace_id,
  event.event_id,
  event.kernel_id,
  event.copy_id,
  event.stream,
  event.start_ns,
  event.start_ns + event.dur_ns AS end_ns,
  linked.call_id,
  call.start_ns AS call_start_ns,
  call.start_ns + call.dur_ns AS call_end_ns
FROM event
LEFT JOIN linked USING (trace_id, event_id)
LEFT JOIN call ON linked.trace_id = call.trace_id AND linked.call_id = call.call_id
