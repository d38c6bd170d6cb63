-- lost_transfer: time in which a device only communicated or copied, by kind.
--
-- Why:     what runs while the device computes costs nothing. Communication that waits for other
--          ranks is exposed too.
-- Grain:   one row per (trace_id, device_id, kind)
-- Inputs:  device_event, gpu_copy, kernel, kernel_category, open_layer
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   device_id    device.device_id
--   kind         'exposed_communication' (communication without computing) | 'pageable_transfer'
--                (copies of pageable host memory alone) | 'exposed_copy' (other copies to and from
--                the host alone)
--   event_count  kernels or copies of that kind, exposed or not
--   lost_ns      ns
--   compute_ns   ns in which the device only computed, which could hide it
-- Never:   WHERE lost_ns <= 0 OR compute_ns < 0
WITH event AS (
  SELECT
    happened.trace_id,
    happened.device_id AS track,
    CASE
      WHEN happened.copy_id IS NULL
        THEN if(kernel_category.category = 'communication', 1, 0)
      WHEN coalesce(gpu_copy.kind NOT IN ('HtoD', 'DtoH'), TRUE) THEN 4
      WHEN gpu_copy.host_memory = 'pageable' THEN 2
      ELSE 3
    END AS layer,
    happened.start_ns,
    happened.end_ns
  FROM device_event AS happened
  LEFT JOIN gpu_copy USING (trace_id, copy_id)
  LEFT JOIN kernel USING (trace_id, kernel_id)
  LEFT JOIN kernel_category
    ON happened.trace_id = kernel_category.trace_id AND kernel.name = kernel_category.name
),

moving AS (
  SELECT DISTINCT trace_id FROM event
  WHERE layer IN (1, 2, 3)
),

-- only traces that communicate or copy to and from the host
with_moving AS (
  FROM event SEMI JOIN moving USING (trace_id)
),

cell AS (
  SELECT
    trace_id,
    track AS device_id,
    CASE
      WHEN layers & 1 > 0 THEN 'compute'
      WHEN layers & 2 > 0 THEN 'exposed_communication'
      WHEN layers & 4 > 0 THEN 'pageable_transfer'
      WHEN layers & 8 > 0 THEN 'exposed_copy'
    END AS kind,
    cast(sum(end_ns - start_ns) AS BIGINT) AS cell_ns,
    cast(sum(if(layers = 1, end_ns - start_ns, 0)) AS BIGINT) AS only_compute_ns
  FROM open_layer('with_moving')
  WHERE end_ns > start_ns AND layers > 0
  GROUP BY ALL
),

counted AS (
  SELECT
    trace_id,
    track AS device_id,
    [NULL, 'exposed_communication', 'pageable_transfer', 'exposed_copy'][layer + 1] AS kind,
    count(*) AS event_count
  FROM with_moving
  GROUP BY ALL
)

SELECT
  cell.trace_id,
  cell.device_id,
  cell.kind,
  counted.event_count,
  cell.cell_ns AS lost_ns,
  coalesce(compute.only_compute_ns, 0) AS compute_ns
FROM cell
INNER JOIN counted USING (trace_id, device_id, kind)
LEFT JOIN cell AS compute
  ON
    cell.trace_id = compute.trace_id
    AND cell.device_id = compute.device_id
    AND compute.kind = 'compute'
