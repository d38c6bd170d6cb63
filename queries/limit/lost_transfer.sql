-- lost_transfer: time in which a device only communicated or copied, by kind.
--
-- Why:     what runs while the device computes costs nothing. Communication that waits for other
--          ranks is exposed too. A copy on a stream of its own takes the time with it that the
--          device needs to begin it; before a pageable one, the gap behind it is counted instead.
-- Grain:   one row per (trace_id, device_id, kind)
-- Inputs:  device_layer, device_overlap, idle_gap, gpu_copy, limit_constant
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   device_id    device.device_id
--   kind         'exposed_communication' (communication without computing) | 'pageable_transfer'
--                (copies of pageable host memory alone) | 'exposed_copy' (other copies to and from
--                the host alone, and idle time before them once they were asked for)
--   event_count  kernels or copies of that kind, exposed or not
--   lost_ns      ns
--   compute_ns   ns in which the device only computed, which could hide it
-- Never:   WHERE lost_ns <= 0 OR compute_ns < 0
WITH cell AS (
  SELECT
    trace_id,
    device_id,
    CASE
      WHEN layers & 2 > 0 THEN 'exposed_communication'
      WHEN layers & 4 > 0 THEN 'pageable_transfer'
      WHEN layers & 8 > 0 THEN 'exposed_copy'
    END AS kind,
    cast(sum(open_ns) AS BIGINT) AS cell_ns
  FROM device_overlap
  -- without computing
  WHERE layers & 1 = 0
  GROUP BY ALL
),

compute AS (
  SELECT trace_id, device_id, open_ns AS only_compute_ns FROM device_overlap
  WHERE layers = 1
),

-- more than a device needs to begin is a wait for something else
begun AS (
  SELECT
    trace_id,
    idle_gap.device_id,
    'exposed_copy' AS kind,
    cast(sum(least(idle_gap.device_ns, limit_constant.queued_gap_high_ns)) AS BIGINT) AS begin_ns
  FROM idle_gap
  INNER JOIN gpu_copy USING (trace_id, copy_id)
  CROSS JOIN limit_constant
  WHERE
    idle_gap.copy_id IS NOT NULL
    AND idle_gap.device_ns > 0
    AND gpu_copy.kind IN ('HtoD', 'DtoH')
    AND gpu_copy.host_memory IS DISTINCT FROM 'pageable'
  GROUP BY trace_id, idle_gap.device_id
),

counted AS (
  SELECT
    trace_id,
    device_id,
    [NULL, 'exposed_communication', 'pageable_transfer', 'exposed_copy'][layer + 1] AS kind,
    event_count
  FROM device_layer
)

SELECT
  trace_id,
  device_id,
  kind,
  counted.event_count,
  cell.cell_ns + coalesce(begun.begin_ns, 0) AS lost_ns,
  coalesce(compute.only_compute_ns, 0) AS compute_ns
FROM cell
INNER JOIN counted USING (trace_id, device_id, kind)
LEFT JOIN begun USING (trace_id, device_id, kind)
LEFT JOIN compute USING (trace_id, device_id)
