-- timeline_start: when each kernel or call of a trace began.
--
-- Why:     read on its own, like timeline_depth, and looked up by number.
-- Grain:   one row per kernel or call
-- Inputs:  kernel, runtime_call
-- Params:
--   of_trace BIGINT = 1        trace.trace_id
--   of_kind VARCHAR = 'call'   'kernel' | 'call'
-- Columns:
--   ref        kernel_id or call_id
--   device_id  device.device_id of a kernel; -1 for a call
--   start_ns   ns from the trace's base
SELECT
  cast(kernel_id AS INTEGER) AS ref,
  device_id,
  start_ns
FROM kernel
WHERE of_kind = 'kernel' AND trace_id = of_trace
UNION ALL
SELECT
  cast(call_id AS INTEGER) AS ref,
  -1 AS device_id,
  start_ns
FROM runtime_call
WHERE of_kind = 'call' AND trace_id = of_trace
