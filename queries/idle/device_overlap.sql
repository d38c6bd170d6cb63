-- device_overlap: how long a device ran each combination of computing, communication and copies.
--
-- Why:     from these sums follows what hides behind what, without sorting the edges of all events.
-- Grain:   one row per (trace_id, device_id, layers)
-- Inputs:  device_activity, open_layer
-- Columns:
--   trace_id   trace.trace_id
--   device_id  device.device_id
--   layers     bit n is set if an event of layer n of device_activity was open
--   open_ns    ns in which just these were open
-- Never:   WHERE layers < 1 OR open_ns < 1
WITH event AS (
  SELECT * EXCLUDE (device_id), device_id AS track FROM device_activity
)

SELECT
  trace_id,
  track AS device_id,
  layers,
  cast(sum(end_ns - start_ns) AS BIGINT) AS open_ns
FROM open_layer('event')
WHERE layers > 0
GROUP BY trace_id, track, layers
