-- device: the devices with events in a Kineto trace.
--
-- Why:     deviceProperties may be missing, lack names, or list every GPU of the host.
-- Grain:   one row per device with kernels or copies; -1, the host, if there are none
-- Inputs:  kernel, gpu_copy, kineto_device, trace_file
-- Columns:
--   trace_id          trace.trace_id
--   device_id         the device's number in the trace
--   name              as recorded in the trace, else from the manifest; NULL if in neither
--   memory_bytes      device memory, bytes
--   sm_count          streaming multiprocessors (compute units on AMD)
--   peak_flops_per_s  from the manifest; NULL if unknown
--   peak_bytes_per_s  from the manifest; NULL if unknown
WITH used AS (
  SELECT device_id FROM kernel
  UNION
  SELECT device_id FROM gpu_copy
),

present AS (
  SELECT device_id FROM used
  UNION ALL
  SELECT -1 AS device_id
  WHERE NOT EXISTS (SELECT 1 FROM used)
),

-- ROCm gives its only device different numbers in events and in properties
listed AS (
  SELECT
    present.device_id,
    properties.name,
    properties.memory_bytes,
    properties.sm_count
  FROM present
  INNER JOIN kineto_device AS properties
    ON
      present.device_id = properties.device_id
      OR (
        present.device_id >= 0
        AND (SELECT count(*) FROM kineto_device) = 1
        AND (SELECT count(*) FROM used) = 1
      )
)

SELECT
  file.trace_id,
  present.device_id,
  coalesce(nullif(listed.name, ''), file.device_name) AS name,
  coalesce(listed.memory_bytes, try_cast(file.device ->> 'memory_bytes' AS BIGINT)) AS memory_bytes,
  coalesce(listed.sm_count, try_cast(file.device ->> 'sm_count' AS INTEGER)) AS sm_count,
  file.device -> 'peak_flops_per_s' AS peak_flops_per_s,
  try_cast(file.device ->> 'peak_bytes_per_s' AS DOUBLE) AS peak_bytes_per_s
FROM present
LEFT JOIN listed ON present.device_id = listed.device_id
CROSS JOIN trace_file AS file
