-- memory_state: what the allocator held at a snapshot (132 lines because of state and history).
--
-- Why:     an allocation fails although memory is free if no free block is large enough. Free
--          blocks in segments that also hold blocks in use can't be given back to the device.
-- Grain:   one row per (trace_id, device_id) with a segment or an entry of the history
-- Inputs:  trace, device, memory_segment, memory_block, memory_action, memory_stack
-- Needs:   snapshot
-- Key:     trace_name, device_id, reserved_bytes, allocated_bytes, unused_frac, stranded_bytes,
--          largest_unused_bytes, oom_count, retry_count
-- Columns:
--   trace_id              trace.trace_id
--   trace_name            trace.name
--   device_id             device.device_id
--   segment_count         segments
--   reserved_bytes        bytes in them
--   allocated_bytes       bytes of blocks in use
--   awaiting_free_bytes   bytes of blocks that are released once another stream has used them
--   unused_bytes          bytes of neither: reserved - allocated - awaiting_free
--   unused_frac           0..1, unused_bytes of reserved_bytes; NULL if nothing is reserved
--   stranded_bytes        the part of unused_bytes in segments that also hold blocks in use
--   largest_unused_bytes  bytes of the largest free block; a larger request needs a new segment
--   requested_bytes       bytes that the program asked for; the rest of allocated_bytes is rounding
--   action_count          entries of the history
--   peak_active_bytes     bytes, the most in use or awaiting release; NULL without a history that
--                         agrees with the state
--   peak_reserved_bytes   bytes, the most reserved; NULL as above
--   oom_count             requests that failed (out of memory); one that is caught may be repeated
--   oom_bytes             bytes of the largest failed request; NULL if none failed
--   oom_free_bytes        bytes that the device had free at the first failure; NULL if none failed
--   retry_count           times that the allocator returned segments and at once asked the device
--                         for memory, or failed; without stacks, calls of empty_cache count too
-- Never:   WHERE allocated_bytes + awaiting_free_bytes + unused_bytes <> reserved_bytes
--          OR stranded_bytes > unused_bytes OR peak_reserved_bytes < reserved_bytes
-- Plot:    Memory held by the allocator, used and unused
WITH block AS (
  SELECT
    trace_id,
    device_id,
    segment_id,
    sum(size_bytes) FILTER (WHERE state = 'active_allocated') AS allocated_bytes,
    sum(size_bytes) FILTER (WHERE state NOT IN ('active_allocated', 'inactive')) AS awaiting_bytes,
    max(size_bytes) FILTER (WHERE state = 'inactive') AS largest_unused_bytes,
    sum(requested_bytes) FILTER (WHERE state = 'active_allocated') AS requested_bytes
  FROM memory_block
  GROUP BY trace_id, device_id, segment_id
),

segment AS (
  SELECT
    trace_id,
    device_id,
    segment.size_bytes,
    coalesce(block.allocated_bytes, 0) AS allocated_bytes,
    coalesce(block.awaiting_bytes, 0) AS awaiting_bytes,
    block.largest_unused_bytes,
    block.requested_bytes
  FROM memory_segment AS segment
  LEFT JOIN block USING (trace_id, device_id, segment_id)
),

held AS (
  SELECT
    trace_id,
    device_id,
    count(*) AS segment_count,
    sum(size_bytes) AS reserved_bytes,
    sum(allocated_bytes) AS allocated_bytes,
    sum(awaiting_bytes) AS awaiting_bytes,
    sum(size_bytes - allocated_bytes - awaiting_bytes) FILTER (
      WHERE allocated_bytes + awaiting_bytes > 0
    ) AS stranded_bytes,
    max(largest_unused_bytes) AS largest_unused_bytes,
    sum(requested_bytes) AS requested_bytes
  FROM segment
  GROUP BY trace_id, device_id
),

ordered AS (
  SELECT
    action.*,
    action.action IN ('segment_free', 'segment_unmap')
    AND lead(action.action) OVER in_order IN ('segment_alloc', 'segment_map', 'oom')
    AND NOT coalesce(regexp_matches(array_to_string(stack.frames, ' '), 'empty_?[cC]ache'), FALSE)
      AS is_retry
  FROM memory_action AS action
  LEFT JOIN memory_stack AS stack USING (trace_id, stack_id)
  WINDOW in_order AS (PARTITION BY action.trace_id, action.device_id ORDER BY action.action_id)
),

history AS (
  SELECT
    trace_id,
    device_id,
    count(*) AS action_count,
    max(active_bytes) AS most_active_bytes,
    max(reserved_bytes) AS most_reserved_bytes,
    count(*) FILTER (WHERE action = 'oom') AS oom_count,
    max(size_bytes) FILTER (WHERE action = 'oom') AS oom_bytes,
    arg_min(device_free_bytes, action_id) FILTER (WHERE action = 'oom') AS oom_free_bytes,
    count(*) FILTER (WHERE is_retry) AS retry_count
  FROM ordered
  GROUP BY trace_id, device_id
)

SELECT
  trace_id,
  trace.name AS trace_name,
  device_id,
  coalesce(held.segment_count, 0) AS segment_count,
  cast(coalesce(held.reserved_bytes, 0) AS BIGINT) AS reserved_bytes,
  cast(coalesce(held.allocated_bytes, 0) AS BIGINT) AS allocated_bytes,
  cast(coalesce(held.awaiting_bytes, 0) AS BIGINT) AS awaiting_free_bytes,
  cast(coalesce(held.reserved_bytes - held.allocated_bytes - held.awaiting_bytes, 0) AS BIGINT)
    AS unused_bytes,
  (held.reserved_bytes - held.allocated_bytes - held.awaiting_bytes)
  / nullif(held.reserved_bytes, 0) AS unused_frac,
  cast(coalesce(held.stranded_bytes, 0) AS BIGINT) AS stranded_bytes,
  held.largest_unused_bytes,
  cast(held.requested_bytes AS BIGINT) AS requested_bytes,
  coalesce(history.action_count, 0) AS action_count,
  history.most_active_bytes AS peak_active_bytes,
  history.most_reserved_bytes AS peak_reserved_bytes,
  coalesce(history.oom_count, 0) AS oom_count,
  history.oom_bytes,
  history.oom_free_bytes,
  coalesce(history.retry_count, 0) AS retry_count
FROM device
INNER JOIN trace USING (trace_id)
LEFT JOIN held USING (trace_id, device_id)
LEFT JOIN history USING (trace_id, device_id)
WHERE held.segment_count > 0 OR history.action_count > 0
ORDER BY trace_id, device_id
