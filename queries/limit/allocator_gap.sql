-- allocator_gap: the gaps in which PyTorch's allocator asked the device for memory, and why.
--
-- Why:     a device that waits for an allocation may wait for the first use of memory, for a retry
--          or for a request in each step, and each has another fix.
-- Grain:   one row per lost_gap of the kind 'allocation' with an allocator_request on the thread
--          that ended the gap, after the device became idle and before the call that ended it
-- Inputs:  lost_gap, runtime_call, allocator_request
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   device_id     device.device_id
--   gap_start_ns  see lost_gap
--   op_name       operator that allocated; NULL outside operators
--   is_retry      true if a request in it was a retry, see allocator_request
--   needed_ns     ns of the calls to allocate that succeeded
--   grown_bytes   bytes by which the allocator holds more than ever before; NULL if unknown
-- Never:   GROUP BY trace_id, device_id, gap_start_ns HAVING count(*) > 1
WITH gap AS (
  SELECT
    lost_gap.trace_id,
    lost_gap.device_id,
    lost_gap.gap_start_ns,
    concat_ws(' ', call.process_id, call.thread_id) AS track,
    call.start_ns AS call_start_ns
  FROM lost_gap
  INNER JOIN runtime_call AS call USING (trace_id, call_id)
  WHERE lost_gap.kind = 'allocation'
)

SELECT
  gap.trace_id,
  gap.device_id,
  gap.gap_start_ns,
  any_value(request.op_name) AS op_name,
  bool_or(request.is_retry) AS is_retry,
  cast(sum(request.needed_ns) AS BIGINT) AS needed_ns,
  cast(sum(request.grown_bytes) AS BIGINT) AS grown_bytes
FROM allocator_request AS request
ASOF INNER JOIN gap
  ON
    request.trace_id = gap.trace_id
    AND request.device_id = gap.device_id
    AND request.track = gap.track
    AND request.end_ns > gap.gap_start_ns
WHERE request.end_ns <= gap.call_start_ns
GROUP BY gap.trace_id, gap.device_id, gap.gap_start_ns
