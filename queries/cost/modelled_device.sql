-- modelled_device: the device that a trace's operators are predicted for, with all its rates.
--
-- Why:     a time follows from shapes only with the device's size, peaks and fitted rates. Without
--          rates fitted on the device, those of a related one stand in, and the intervals widen.
-- Grain:   one row per trace with a device whose datasheet is known
-- Inputs:  device_peak, device_spec, product_rate, trace_ceiling, scalar_type, kernel_category
-- Columns:
--   trace_id          trace.trace_id
--   device            device_spec.device
--   is_fitted         true if product_rate was fitted on this device
--   sm_count          streaming multiprocessors, or compute units
--   clock_hz          their highest clock, Hz
--   l2_bytes          level-2 cache, bytes
--   bytes_per_s       memory bandwidth, bytes/s
--   half_flops        dense peak in float16 and bfloat16, FLOP/s; NULL if unknown, as the others
--   tf32_flops        in TF32
--   float32_flops     in float32
--   float8_flops      in float8
--   has_tf32          true if kernels' names say that products of float32 run in TF32
--   tf32_is_opt_in    see device_spec
--   list_item_bytes   bytes of one element where a trace does not say: lists of tensors
--   launch_ns         see product_rate
--   peak_share        see product_rate
--   half_intensity    see product_rate
--   bytes_share       see product_rate
--   k_block_ns        see product_rate
--   split_ns          see product_rate
--   attention_share   see product_rate
--   cold_ns           see product_rate
--   model_ratio       see product_rate
-- Never:   GROUP BY trace_id HAVING count(*) > 1
-- Kept:    view
WITH known AS (
  -- a trace's devices are of one kind
  SELECT
    trace_id,
    arg_min(device_peak, device_id) AS peak
  FROM device_peak
  WHERE
    device IS NOT NULL AND sm_count > 0 AND peak_bytes_per_s > 0 AND peak_flops_per_s IS NOT NULL
  GROUP BY trace_id
),

-- cuBLAS uses TF32 only if a program allows it, which shapes do not show
tf32 AS (
  SELECT DISTINCT trace_id
  FROM kernel_category
  WHERE
    category = 'linear'
    AND (contains(name, 'tf32') OR contains(name, 'tensorop_s1688gemm'))
)

SELECT
  known.trace_id,
  peak.device,
  peak.device = peak.rates_of AS is_fitted,
  peak.sm_count,
  peak.clock_hz,
  peak.l2_bytes,
  peak.peak_bytes_per_s AS bytes_per_s,
  try_cast(peak.peak_flops_per_s ->> 'float16' AS DOUBLE) AS half_flops,
  try_cast(peak.peak_flops_per_s ->> 'tf32' AS DOUBLE) AS tf32_flops,
  try_cast(peak.peak_flops_per_s ->> 'float32' AS DOUBLE) AS float32_flops,
  try_cast(peak.peak_flops_per_s ->> 'float8_e4m3fn' AS DOUBLE) AS float8_flops,
  tf32.trace_id IS NOT NULL AS has_tf32,
  coalesce(device_spec.tf32_is_opt_in, FALSE) AS tf32_is_opt_in,
  coalesce((
    SELECT max(scalar_type.item_bytes) FROM scalar_type
    WHERE scalar_type.dtype = trace_ceiling.dtype
  ), 2) AS list_item_bytes,
  product_rate.launch_ns,
  product_rate.peak_share,
  product_rate.half_intensity,
  product_rate.bytes_share,
  product_rate.k_block_ns,
  product_rate.split_ns,
  product_rate.attention_share,
  product_rate.cold_ns,
  product_rate.model_ratio
FROM known
INNER JOIN product_rate ON known.peak.rates_of = product_rate.device
LEFT JOIN device_spec ON known.peak.device = device_spec.device
LEFT JOIN tf32 ON known.trace_id = tf32.trace_id
LEFT JOIN trace_ceiling ON known.trace_id = trace_ceiling.trace_id
