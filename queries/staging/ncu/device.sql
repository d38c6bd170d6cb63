-- device: the GPUs on which kernels were measured.
--
-- Why:     the raw page describes the device among the metrics; the details page has almost
--          nothing.
-- Grain:   one row per device
-- Inputs:  trace_file, ncu_metric
-- Columns:
--   trace_id          from trace_file
--   device_id         as printed; 0 if the layout lacks it
--   name              as printed, else from the manifest; NULL if in neither
--   sm_count          streaming multiprocessors; NULL if not measured
--   peak_flops_per_s  from the manifest; NULL if unknown
--   peak_bytes_per_s  from the manifest; NULL if unknown
SELECT
  trace_file.trace_id,
  coalesce(ncu_metric.device_id, 0)::INTEGER AS device_id,
  coalesce(
    max(ncu_metric.text) FILTER (WHERE ncu_metric.metric = 'device__attribute_display_name'),
    any_value(trace_file.device_name)
  ) AS name,
  max(ncu_metric.value) FILTER (
    WHERE ncu_metric.metric IN ('device__attribute_multiprocessor_count', '# SMs')
  )::INTEGER AS sm_count,
  any_value(trace_file.device -> 'peak_flops_per_s') AS peak_flops_per_s,
  any_value(try_cast(trace_file.device ->> 'peak_bytes_per_s' AS DOUBLE)) AS peak_bytes_per_s
FROM ncu_metric
CROSS JOIN trace_file
GROUP BY trace_file.trace_id, coalesce(ncu_metric.device_id, 0)
