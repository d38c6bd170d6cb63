-- trace_summary: what each file contains, and how it was recorded (121 lines because of columns).
--
-- Why:     every other number depends on this: a file that was cut or repaired, or has no kernels
--          or shapes, can't answer everything.
-- Grain:   one row per trace
-- Inputs:  trace, cpu_op, runtime_call, kernel, gpu_copy, annotation, anomaly
-- Key:     trace_name, model, device_name, profiler, kernel_count, cpu_op_count, complete
-- Columns:
--   trace_id            trace.trace_id
--   trace_name          trace.name
--   path                trace.path
--   format              trace.format
--   model               trace.model
--   family              trace.family
--   attention           trace.attention
--   profiler            trace.profiler
--   predicted           trace.predicted
--   time_low_ratio      see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio     and this times them, or less; both NULL if measured
--   device_name         trace.device_name
--   event_count         events in the file
--   cpu_op_count        operators
--   cpu_op_shape_count  operators with recorded input shapes
--   runtime_call_count  runtime and driver calls
--   kernel_count        kernels
--   kernel_name_count   distinct kernel names
--   copy_count          copies and fills
--   device_count        devices with kernels or copies
--   annotation_count    labelled ranges
--   anomaly_count       events that were repaired or skipped, or look wrong
--   complete            trace.complete
-- Never:   GROUP BY trace_id HAVING count(*) > 1
WITH cpu_op_total AS (
  SELECT
    trace_id,
    count(*) AS cpu_op_count,
    count(input_dims) AS cpu_op_shape_count
  FROM cpu_op
  GROUP BY trace_id
),

runtime_call_total AS (
  SELECT trace_id, count(*) AS runtime_call_count
  FROM runtime_call
  GROUP BY trace_id
),

kernel_total AS (
  SELECT
    trace_id,
    count(*) AS kernel_count,
    count(DISTINCT name) AS kernel_name_count
  FROM kernel
  GROUP BY trace_id
),

copy_total AS (
  SELECT trace_id, count(*) AS copy_count
  FROM gpu_copy
  GROUP BY trace_id
),

device_total AS (
  SELECT
    trace_id,
    count(*) AS device_count
  FROM (
    SELECT trace_id, device_id FROM kernel
    UNION
    SELECT trace_id, device_id FROM gpu_copy
  ) AS device
  GROUP BY trace_id
),

annotation_total AS (
  SELECT trace_id, count(*) AS annotation_count
  FROM annotation
  GROUP BY trace_id
),

anomaly_total AS (
  SELECT
    trace_id,
    sum(count) AS anomaly_count
  FROM anomaly
  GROUP BY trace_id
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.path,
  trace.format,
  trace.model,
  trace.family,
  trace.attention,
  trace.profiler,
  trace.predicted,
  trace.time_low_ratio,
  trace.time_high_ratio,
  trace.device_name,
  trace.event_count,
  coalesce(cpu_op_count, 0) AS cpu_op_count,
  coalesce(cpu_op_shape_count, 0) AS cpu_op_shape_count,
  coalesce(runtime_call_count, 0) AS runtime_call_count,
  coalesce(kernel_count, 0) AS kernel_count,
  coalesce(kernel_name_count, 0) AS kernel_name_count,
  coalesce(copy_count, 0) AS copy_count,
  coalesce(device_count, 0) AS device_count,
  coalesce(annotation_count, 0) AS annotation_count,
  try_cast(coalesce(anomaly_count, 0) AS BIGINT) AS anomaly_count,
  trace.complete
FROM trace
LEFT JOIN cpu_op_total USING (trace_id)
LEFT JOIN runtime_call_total USING (trace_id)
LEFT JOIN kernel_total USING (trace_id)
LEFT JOIN copy_total USING (trace_id)
LEFT JOIN device_total USING (trace_id)
LEFT JOIN annotation_total USING (trace_id)
LEFT JOIN anomaly_total USING (trace_id)
ORDER BY trace_id
