-- trace_ceiling: the device's peak rates for a run's element type, and the size of its weights.
--
-- Why:     a roofline needs the peak of the element type in use, not the highest peak of the
--          device. A trace without a manifest shows it by its matrix products.
-- Grain:   one row per trace
-- Inputs:  trace, device_peak, work, work_cost, work_op, cost_root, costed_call, scalar_type
-- Columns:
--   trace_id          trace.trace_id
--   dtype             element type, from the manifest, else of the products with most time; NULL if
--                     unknown
--   peak_flops_per_s  FLOP/s, dense, for dtype; NULL if unknown
--   peak_bytes_per_s  bytes/s of device memory; NULL if unknown
--   ridge_intensity   FLOP/byte at which compute and memory take equally long; NULL if unknown
--   weight_bytes      bytes of all parameters in dtype; NULL without a manifest
-- Never:   GROUP BY trace_id HAVING count(*) > 1
WITH product AS (
  SELECT
    work.trace_id,
    cost_root.signature_id,
    sum(work.dur_ns) AS work_ns
  FROM work
  INNER JOIN work_cost USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  INNER JOIN cost_root
    ON work_op.trace_id = cost_root.trace_id AND work_op.op_id = cost_root.op_id
  WHERE work_cost.flops > 0
  GROUP BY work.trace_id, cost_root.signature_id
),

common AS (
  SELECT
    product.trace_id,
    scalar_type.dtype,
    sum(product.work_ns) AS work_ns
  FROM product
  INNER JOIN costed_call USING (trace_id, signature_id)
  INNER JOIN scalar_type
    ON try(json_extract_string(costed_call.input_types, '$[1]')) = scalar_type.type_name
  GROUP BY product.trace_id, scalar_type.dtype
),

setting AS (
  SELECT
    trace.trace_id,
    coalesce(
      trace.manifest ->> 'dtype', (
        SELECT arg_max(common.dtype, common.work_ns) FROM common
        WHERE common.trace_id = trace.trace_id
      )
    ) AS dtype,
    -- components can share weights, as prefill and decode do; the total counts them once
    coalesce(
      try_cast(manifest ->> 'parameters_total' AS BIGINT),
      try_cast(list_sum(try_cast(json_extract(manifest, '$.parameters.*') AS BIGINT[])) AS BIGINT)
    ) AS parameter_count
  FROM trace
),

-- a trace's devices are of one kind; max() picks the known value
ceiling AS (
  SELECT
    trace_id,
    max(try_cast(try(device_peak.peak_flops_per_s ->> setting.dtype) AS DOUBLE))
      AS peak_flops_per_s,
    max(device_peak.peak_bytes_per_s) AS peak_bytes_per_s
  FROM device_peak
  INNER JOIN setting USING (trace_id)
  GROUP BY trace_id
)

SELECT
  trace_id,
  setting.dtype,
  ceiling.peak_flops_per_s,
  ceiling.peak_bytes_per_s,
  ceiling.peak_flops_per_s / nullif(ceiling.peak_bytes_per_s, 0) AS ridge_intensity,
  try_cast(setting.parameter_count::HUGEINT * CASE setting.dtype
    WHEN 'float16' THEN 2
    WHEN 'bfloat16' THEN 2
    WHEN 'float32' THEN 4
    WHEN 'float8_e4m3fn' THEN 1
    WHEN 'float8_e5m2' THEN 1
  END AS BIGINT) AS weight_bytes
FROM setting
LEFT JOIN ceiling USING (trace_id)
