-- device_layer: how many kernels, copies and fills a device had of each layer, and their extent.
--
-- Why:     a device has millions of them and six layers, so answers read the sums.
-- Grain:   one row per (trace_id, device_id, layer)
-- Inputs:  device_activity
-- Columns:
--   trace_id     trace.trace_id
--   device_id    device.device_id
--   layer        see device_activity
--   event_count  kernels, copies or fills
--   sum_ns       ns, sum of their durations
--   start_ns     ns, the first start
--   end_ns       ns, the last end
-- Never:   WHERE event_count < 1 OR sum_ns < 0 OR end_ns < start_ns
SELECT
  trace_id,
  device_id,
  layer,
  count(*) AS event_count,
  cast(sum(end_ns - start_ns) AS BIGINT) AS sum_ns,
  min(start_ns) AS start_ns,
  max(end_ns) AS end_ns
FROM device_activity
GROUP BY trace_id, device_id, layer
