-- memory_event: the allocations and releases of a memory snapshot's history.
--
-- Why:     with these, the memory of a snapshot is answered as that of a trace is.
-- Grain:   one row per allocation or release
-- Inputs:  memory_action
-- Columns:
--   trace_id         from trace_file
--   ts_ns            as in memory_action
--   device_id        as in memory_action
--   process_id       the device, as for the ranges of a snapshot, which know no thread
--   addr             address
--   size_bytes       bytes; negative for a release, which is when the program asked for it, or when
--                    it was completed if the history has no requests
--   allocated_bytes  bytes in use afterwards
--   reserved_bytes   bytes held by the allocator afterwards
--   stack_id         memory_stack.stack_id
WITH device AS (
  SELECT device_id, bool_or(action = 'free_requested') AS has_requested
  FROM memory_action
  GROUP BY device_id
)

SELECT
  action.trace_id,
  action.ts_ns,
  action.device_id,
  cast(action.device_id AS VARCHAR) AS process_id,
  action.addr,
  if(action.action = 'alloc', action.size_bytes, -action.size_bytes) AS size_bytes,
  action.allocated_bytes,
  action.reserved_bytes,
  action.stack_id
FROM memory_action AS action
INNER JOIN device USING (device_id)
WHERE action.action IN ('alloc', if(device.has_requested, 'free_requested', 'free_completed'))
