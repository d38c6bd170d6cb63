-- memory_peak: the most memory that was allocated on each device, and how much of it is explained.
--
-- Why:     what was allocated before the recording is in the peak too, and must not be counted for
--          an operator. Other allocators, such as NCCL's, are not in these events.
-- Grain:   one row per (trace_id, device_id) with events of the allocator; -1 is host memory
-- Inputs:  trace, memory_event, memory_moment, memory_alive
-- Needs:   memory
-- Key:     trace_name, device_id, peak_allocated_bytes, peak_reserved_bytes, alive_known_bytes,
--          memory_refusal
-- Columns:
--   trace_id                 trace.trace_id
--   trace_name               trace.name
--   device_id                device.device_id; -1 for host memory
--   event_count              events of the allocator
--   alloc_count              allocations
--   free_count               releases
--   allocated_before_bytes   bytes allocated before the first event; this and the next are NULL if
--                            the events have no totals
--   peak_allocated_bytes     bytes, the most that was allocated
--   peak_after_first_ns      ns from the first event until the peak; NULL if it was before that
--   reserved_at_peak_bytes   bytes that the allocator held then
--   peak_reserved_bytes      bytes, the most that the allocator held
--   last_allocated_bytes     bytes allocated after the last event
--   relative_peak_bytes      bytes, the most relative to the start, if there are no totals
--   relative_last_bytes      bytes relative to the start after the last event, if there are none
--   alive_count              blocks of the recording that were alive at the peak
--   alive_known_bytes        bytes in them
--   alive_from_before_bytes  bytes at the peak that were allocated before the recording
--   break_count              see memory_moment
--   memory_refusal           why the totals are unknown; NULL if they are known
-- Never:   WHERE alive_known_bytes + alive_from_before_bytes <> peak_allocated_bytes
--          OR alive_from_before_bytes < 0 OR alive_from_before_bytes > allocated_before_bytes
-- Plot:    Most memory allocated
WITH counted AS (
  SELECT
    trace_id,
    device_id,
    count(*) AS event_count,
    count(*) FILTER (WHERE size_bytes > 0) AS alloc_count,
    count(*) FILTER (WHERE size_bytes < 0) AS free_count,
    max(reserved_bytes) AS peak_reserved_bytes,
    arg_max(reserved_bytes, (allocated_bytes, -ts_ns)) AS reserved_at_peak_bytes
  FROM memory_event
  GROUP BY trace_id, device_id
),

alive AS (
  SELECT trace_id, device_id, count(*) AS alive_count, sum(size_bytes) AS alive_bytes
  FROM memory_alive
  WHERE allocated_at_ns IS NOT NULL
  GROUP BY trace_id, device_id
)

SELECT
  trace_id,
  trace.name AS trace_name,
  device_id,
  counted.event_count,
  counted.alloc_count,
  counted.free_count,
  moment.before_bytes AS allocated_before_bytes,
  moment.peak_bytes AS peak_allocated_bytes,
  if(moment.has_total AND NOT moment.is_before_peak, moment.peak_ns - moment.first_ns, NULL)
    AS peak_after_first_ns,
  counted.reserved_at_peak_bytes,
  counted.peak_reserved_bytes,
  moment.before_bytes + moment.relative_last_bytes AS last_allocated_bytes,
  if(moment.has_total, NULL, moment.relative_peak_bytes) AS relative_peak_bytes,
  if(moment.has_total, NULL, moment.relative_last_bytes) AS relative_last_bytes,
  if(moment.has_total, coalesce(alive.alive_count, 0), NULL) AS alive_count,
  if(moment.has_total, cast(coalesce(alive.alive_bytes, 0) AS BIGINT), NULL) AS alive_known_bytes,
  moment.peak_bytes - if(moment.has_total, cast(coalesce(alive.alive_bytes, 0) AS BIGINT), NULL)
    AS alive_from_before_bytes,
  if(moment.has_total, moment.break_count, NULL) AS break_count,
  CASE
    WHEN moment.has_total THEN NULL
    WHEN trace.format = 'memory_snapshot'
      THEN 'the history releases more than the state of the snapshot allows'
    ELSE 'the events have no totals, as in traces of 2021'
  END AS memory_refusal
FROM counted
INNER JOIN trace USING (trace_id)
INNER JOIN memory_moment AS moment USING (trace_id, device_id)
LEFT JOIN alive USING (trace_id, device_id)
ORDER BY trace_id, peak_allocated_bytes DESC, device_id
