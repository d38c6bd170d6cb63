-- device: the GPUs with events in an Nsight Systems export.
--
-- Why:     the tables that describe GPUs were renamed once, and may be absent.
-- Grain:   one row per device with kernels, copies, graphs or waits; -1, the host, if there are
--          none
-- Inputs:  trace_file, kernel, gpu_copy, nsys_device_span, nsys_gpu, nsys_cuda_gpu
-- Columns:
--   trace_id          from trace_file
--   device_id         as in kernel
--   name              as recorded in the export, else from the manifest; NULL if in neither
--   memory_bytes      device memory, bytes
--   sm_count          streaming multiprocessors
--   peak_flops_per_s  from the manifest; NULL if unknown
--   peak_bytes_per_s  from the manifest, else from the driver; NULL if unknown
WITH
used AS (
  SELECT device_id FROM kernel
  UNION
  SELECT device_id FROM gpu_copy
  UNION
  SELECT device_id FROM nsys_device_span
),

present AS (
  SELECT device_id FROM used
  UNION ALL
  SELECT -1 AS device_id
  WHERE NOT EXISTS (SELECT 1 FROM used)
),

described AS (
  SELECT gpu_id, name, memory_bytes, sm_count, bytes_per_s FROM nsys_gpu
  UNION ALL
  -- CUPTI's record of a device, with its bandwidth in kB/s
  SELECT gpu_id, name, memory_bytes, sm_count, bytes_per_s * 1000 AS bytes_per_s FROM nsys_cuda_gpu
),

gpu AS (
  SELECT
    gpu_id AS device_id,
    any_value(name) AS name,
    max(nullif(memory_bytes, 0)) AS memory_bytes,
    max(nullif(sm_count, 0)) AS sm_count,
    max(nullif(bytes_per_s, 0)) AS bytes_per_s
  FROM described
  GROUP BY ALL
)

SELECT
  trace_file.trace_id,
  present.device_id,
  coalesce(nullif(gpu.name, ''), trace_file.device_name) AS name,
  coalesce(
    gpu.memory_bytes, try_cast(trace_file.device ->> 'memory_bytes' AS BIGINT)
  ) AS memory_bytes,
  coalesce(gpu.sm_count, try_cast(trace_file.device ->> 'sm_count' AS BIGINT))::INTEGER AS sm_count,
  trace_file.device -> 'peak_flops_per_s' AS peak_flops_per_s,
  coalesce(
    try_cast(trace_file.device ->> 'peak_bytes_per_s' AS DOUBLE), gpu.bytes_per_s
  ) AS peak_bytes_per_s
FROM present
CROSS JOIN trace_file
LEFT JOIN gpu USING (device_id)
