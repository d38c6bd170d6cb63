-- memory_action: the history of a memory snapshot, with the totals after each entry.
--
-- Why:     the history is a ring whose begin may be lost, and the state is of its end. So totals
--          are counted backwards from the state.
-- Grain:   one row per entry
-- Inputs:  trace_file, memory_snapshot_entry, memory_snapshot_segment, memory_snapshot_block
-- Columns:
--   trace_id           from trace_file
--   action_id          in the file's order
--   device_id          place of the entry's list in the file
--   ts_ns              ns from the first entry; never before the entry that precedes it
--   action             as recorded
--   addr               address
--   size_bytes         bytes
--   stream_id          stream
--   device_free_bytes  bytes that the device had free
--   stack_id           memory_stack.stack_id
--   allocated_bytes    bytes in use afterwards; NULL if any total of the device is negative
--   active_bytes       bytes in use or waiting for another stream; NULL as above
--   reserved_bytes     bytes held by the allocator; NULL as above
WITH held AS (
  SELECT device_id, sum(size_bytes) AS reserved_bytes
  FROM memory_snapshot_segment
  GROUP BY device_id
),

used AS (
  SELECT
    device_id,
    sum(size_bytes) FILTER (WHERE state = 'active_allocated') AS allocated_bytes,
    sum(size_bytes) FILTER (WHERE state <> 'inactive') AS active_bytes
  FROM memory_snapshot_block
  GROUP BY device_id
),

entry AS (
  SELECT
    *,
    row_number() OVER in_order - 1 AS place,
    (time_us - min(time_us) OVER ()) * 1000 AS ns,
    bool_or(action = 'free_requested') OVER (PARTITION BY device_id) AS has_requested
  FROM memory_snapshot_entry
  WINDOW in_order AS (PARTITION BY device_id ORDER BY ordinal)
),

change AS (
  SELECT
    *,
    -- of a clock that steps back, or of one microsecond, each entry follows the one before
    place + coalesce(max(ns - place) OVER in_order, 0) AS ts_ns,
    CASE
      WHEN action = 'alloc' THEN size_bytes
      WHEN action = if(has_requested, 'free_requested', 'free_completed') THEN -size_bytes
      ELSE 0
    END AS allocated,
    CASE action WHEN 'alloc' THEN size_bytes WHEN 'free_completed' THEN -size_bytes ELSE 0 END
      AS active,
    CASE
      WHEN action IN ('segment_alloc', 'segment_map') THEN size_bytes
      WHEN action IN ('segment_free', 'segment_unmap') THEN -size_bytes
      ELSE 0
    END AS reserved
  FROM entry
  WINDOW in_order AS (PARTITION BY device_id ORDER BY ordinal ROWS UNBOUNDED PRECEDING)
),

total AS (
  SELECT
    change.*,
    coalesce(used.allocated_bytes, 0) - sum(change.allocated) OVER later + change.allocated
      AS allocated_after,
    coalesce(used.active_bytes, 0) - sum(change.active) OVER later + change.active AS active_after,
    coalesce(held.reserved_bytes, 0) - sum(change.reserved) OVER later + change.reserved
      AS reserved_after
  FROM change
  LEFT JOIN used USING (device_id)
  LEFT JOIN held USING (device_id)
  WINDOW later AS (
    PARTITION BY change.device_id ORDER BY change.ordinal
    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
  )
),

checked AS (
  SELECT
    *,
    min(
      least(
        allocated_after, allocated_after - allocated, active_after, active_after - active,
        reserved_after, reserved_after - reserved
      )
    ) OVER (PARTITION BY device_id) >= 0 AS is_consistent
  FROM total
)

SELECT
  trace_file.trace_id,
  checked.ordinal AS action_id,
  checked.device_id,
  checked.ts_ns,
  checked.action,
  checked.addr,
  checked.size_bytes,
  checked.stream_id,
  checked.device_free_bytes,
  checked.stack_id,
  if(checked.is_consistent, checked.allocated_after, NULL) AS allocated_bytes,
  if(checked.is_consistent, checked.active_after, NULL) AS active_bytes,
  if(checked.is_consistent, checked.reserved_after, NULL) AS reserved_bytes
FROM checked
CROSS JOIN trace_file
