-- lost_transfer: time in which a device only communicated or copied, by kind.
--
-- Why:     what runs while the device computes costs nothing. Communication that waits for other
--          ranks is exposed too.
-- Grain:   one row per (trace_id, device_id, kind)
-- Inputs:  device_layer, device_overlap
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
  cell.cell_ns AS lost_ns,
  coalesce(compute.only_compute_ns, 0) AS compute_ns
FROM cell
INNER JOIN counted USING (trace_id, device_id, kind)
LEFT JOIN compute USING (trace_id, device_id)
