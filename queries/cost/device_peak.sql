-- device_peak: the peak rates of each device in a trace, and their source.
--
-- Why:     the manifest is the most reliable source; without one, the device's name leads to its
--          datasheet. A part of a device (MIG, a partition of AMD's) has its name, or its name and
--          more, but fewer multiprocessors: no datasheet tells its rates.
-- Grain:   one row per (trace_id, device_id) of device
-- Inputs:  device, device_spec
-- From:    device
-- Columns:
--   trace_id          trace.trace_id
--   device_id         device.device_id
--   name              device.name
--   memory_bytes      device memory, bytes; NULL if unknown
--   sm_count          streaming multiprocessors, or compute units; NULL if unknown
--   device            device_spec.device; NULL without a datasheet, as are the next three
--   clock_hz          highest clock of the multiprocessors, Hz
--   l2_bytes          level-2 cache, bytes
--   rates_of          see device_spec
--   peak_flops_per_s  {"float16": ..., "tf32": ..., ...} dense, FLOP/s; NULL if unknown
--   peak_bytes_per_s  device memory bandwidth, bytes/s; NULL if unknown
--   source            'trace' (the trace or its manifest) | the datasheet | 'none'
-- Never:   GROUP BY trace_id, device_id HAVING count(*) > 1
WITH matched AS (
  SELECT
    trace_id,
    device_id,
    (
      SELECT min(device_spec.rule_order) FROM device_spec
      WHERE
        regexp_matches(device.name, device_spec.pattern)
        AND NOT contains(device.name, ' MIG ')
        AND coalesce(device.sm_count >= 0.9 * device_spec.sm_count, TRUE)
    ) AS rule_order
  FROM device
)

SELECT
  device.trace_id,
  device.device_id,
  device.name,
  coalesce(device.memory_bytes, cast(spec.memory_bytes AS BIGINT)) AS memory_bytes,
  coalesce(device.sm_count, spec.sm_count) AS sm_count,
  spec.device,
  spec.clock_hz,
  spec.l2_bytes,
  spec.rates_of,
  coalesce(device.peak_flops_per_s, if(spec.rule_order IS NULL, NULL, json_merge_patch(
    json_object('float16', spec.half_flops, 'float32', spec.float32_flops),
    if(spec.tf32_flops IS NULL, '{}', json_object('tf32', spec.tf32_flops)),
    if(spec.has_bfloat16, json_object('bfloat16', spec.half_flops), '{}'),
    if(spec.float8_flops IS NULL, '{}', json_object('float8_e4m3fn', spec.float8_flops))
  ))) AS peak_flops_per_s,
  coalesce(device.peak_bytes_per_s, spec.bytes_per_s) AS peak_bytes_per_s,
  CASE
    WHEN device.peak_flops_per_s IS NOT NULL THEN 'trace'
    ELSE coalesce(spec.source, 'none')
  END AS source
FROM device
INNER JOIN matched
  ON device.trace_id = matched.trace_id AND device.device_id = matched.device_id
LEFT JOIN device_spec AS spec ON matched.rule_order = spec.rule_order
