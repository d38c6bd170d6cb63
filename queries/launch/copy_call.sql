-- copy_call: the call that asked for each copy or fill of memory.
--
-- Why:     a call can have an event in the driver and one in the runtime, with one correlation.
-- Grain:   one row per gpu_copy whose call is known
-- Inputs:  gpu_copy, runtime_call
-- From:    gpu_copy
-- Columns:
--   trace_id  trace.trace_id
--   copy_id   gpu_copy.copy_id
--   call_id   runtime_call.call_id; of several calls of one correlation, the last that starts at or
--             before the copy, else the last
-- Never:   GROUP BY trace_id, copy_id HAVING count(*) > 1
SELECT
  gpu_copy.trace_id,
  gpu_copy.copy_id,
  arg_max(
    call.call_id, (call.start_ns <= gpu_copy.start_ns, call.start_ns, call.call_id)
  ) AS call_id
FROM gpu_copy
INNER JOIN runtime_call AS call
  ON
    gpu_copy.trace_id = call.trace_id
    AND gpu_copy.correlation_id = call.correlation_id
    AND coalesce(gpu_copy.process_id, call.process_id, '') = coalesce(call.process_id, '')
WHERE gpu_copy.correlation_id > 0
GROUP BY gpu_copy.trace_id, gpu_copy.copy_id
HAVING min(call.process_id) IS NOT DISTINCT FROM max(call.process_id)
