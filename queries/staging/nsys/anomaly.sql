-- anomaly: what is missing or wrong in an Nsight Systems export, and its effect.
--
-- Why:     a number that lacks half of its kernels must not look like one that has them all.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  trace_file, nsys_reader_anomaly, nsys_anomaly, nsys_anomaly_value, kernel, gpu_copy,
--          anomaly_kind
-- Columns:
--   trace_id     from trace_file
--   kind         see anomaly_kind
--   count        number of affected events
--   example      one of them
--   consequence  effect on the metrics
SELECT
  trace_file.trace_id,
  found.kind,
  found.count,
  left(found.example, 200) AS example,
  coalesce(known.consequence, 'not described') AS consequence
FROM (
  FROM nsys_anomaly
  UNION ALL
  FROM nsys_anomaly_value
  UNION ALL
  FROM nsys_reader_anomaly
  UNION ALL
  SELECT
    'several_devices' AS kind,
    if(count(*) > 1, count(*), 0) AS count,
    string_agg(device_id, ', ' ORDER BY device_id) AS example
  FROM (
    SELECT device_id FROM kernel
    UNION
    SELECT device_id FROM gpu_copy
  ) AS device
) AS found
CROSS JOIN trace_file
LEFT JOIN anomaly_kind AS known USING (kind)
WHERE found.count > 0
