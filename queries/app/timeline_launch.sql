-- timeline_launch: which call launched each kernel of a trace.
--
-- Why:     an empty queue starves a device: counted from the starts of calls and of their kernels.
-- Grain:   one row per kernel with a known call
-- Inputs:  kernel_launch
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   kernel_id  kernel.kernel_id
--   call_id    runtime_call.call_id
SELECT
  cast(kernel_id AS INTEGER) AS kernel_id,
  cast(call_id AS INTEGER) AS call_id
FROM kernel_launch
WHERE trace_id = of_trace AND call_id IS NOT NULL
