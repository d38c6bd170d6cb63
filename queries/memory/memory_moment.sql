-- memory_moment: when each device's allocated memory was largest, and what was there before.
--
-- Why:     a recording begins in the middle of a program: what was allocated before it is known
--          only from the first total. Two events of one moment have no known order, so totals are
--          taken where a moment has one event, or else where they show what came first.
-- Grain:   one row per (trace_id, device_id) with events of the allocator
-- Inputs:  memory_event
-- Kept:    view
-- Columns:
--   trace_id                trace.trace_id
--   device_id               device.device_id; -1 for host memory
--   first_ns                ns, the first event
--   peak_ns                 ns, the first moment at which most was allocated; without totals, most
--                           relative to the start
--   has_total               true if the events have totals; traces of 2021 have none
--   before_bytes            bytes allocated before the first event; NULL without totals
--   peak_bytes              bytes, the most that was allocated; NULL without totals
--   is_before_peak          true if the most was allocated before the first event
--   relative_peak_bytes     bytes, the most relative to the start
--   relative_last_bytes     bytes relative to the start, after the last event
--   break_count             events whose total is not the one before plus their own bytes
-- Never:   WHERE peak_bytes < before_bytes
WITH moment AS (
  SELECT
    trace_id,
    device_id,
    ts_ns,
    cast(sum(size_bytes) AS BIGINT) AS moment_bytes,
    if(count(*) = 1, any_value(allocated_bytes), NULL) AS total_bytes,
    max(allocated_bytes) AS most_bytes
  FROM memory_event
  GROUP BY trace_id, device_id, ts_ns
),

summed AS (
  SELECT
    *,
    cast(sum(moment_bytes) OVER (in_order ROWS UNBOUNDED PRECEDING) AS BIGINT) AS relative_bytes,
    total_bytes - moment_bytes <> lag(total_bytes) OVER in_order AS is_break
  FROM moment
  WINDOW in_order AS (PARTITION BY trace_id, device_id ORDER BY ts_ns)
),

found AS (
  SELECT
    trace_id,
    device_id,
    min(ts_ns) AS first_ns,
    arg_max(ts_ns, (coalesce(most_bytes, relative_bytes), -ts_ns)) AS peak_ns,
    bool_and(most_bytes IS NOT NULL) AS has_total,
    arg_min(total_bytes - relative_bytes, ts_ns) FILTER (WHERE total_bytes IS NOT NULL)
      AS before_bytes,
    max(most_bytes) AS most_bytes,
    max(relative_bytes) AS relative_peak_bytes,
    arg_max(relative_bytes, ts_ns) AS relative_last_bytes,
    count(*) FILTER (WHERE is_break) AS break_count
  FROM summed
  GROUP BY trace_id, device_id
),

-- where each moment has several events: none of them has the total that was there before
crowded AS (
  SELECT
    trace_id,
    device_id,
    ts_ns,
    list(allocated_bytes) AS totals,
    list_distinct(list_filter(
      list(allocated_bytes - size_bytes), LAMBDA total: NOT list_contains(totals, total)
    )) AS levels
  FROM memory_event
  SEMI JOIN (
    SELECT trace_id, device_id FROM found
    WHERE has_total AND before_bytes IS NULL
  ) AS unknown USING (trace_id, device_id)
  GROUP BY trace_id, device_id, ts_ns
),

leveled AS (
  SELECT
    trace_id,
    device_id,
    arg_min(crowded.levels[1] - (summed.relative_bytes - summed.moment_bytes), ts_ns) AS level_bytes
  FROM crowded
  INNER JOIN summed USING (trace_id, device_id, ts_ns)
  WHERE len(crowded.levels) = 1
  GROUP BY trace_id, device_id
)

SELECT
  trace_id,
  device_id,
  first_ns,
  peak_ns,
  has_total,
  if(has_total, coalesce(found.before_bytes, leveled.level_bytes), NULL) AS before_bytes,
  if(has_total, greatest(most_bytes, found.before_bytes, level_bytes), NULL) AS peak_bytes,
  coalesce(has_total AND coalesce(found.before_bytes, level_bytes) >= most_bytes, FALSE)
    AS is_before_peak,
  greatest(relative_peak_bytes, 0) AS relative_peak_bytes,
  relative_last_bytes,
  break_count
FROM found
LEFT JOIN leveled USING (trace_id, device_id)
