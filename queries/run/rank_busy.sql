-- rank_busy: how long the devices of a trace were busy, with collectives and without.
--
-- Why:     rank_skew holds waits against them. From one trace each, so that a fleet adds up one row
--          for each trace and not its kernels.
-- Grain:   one row per trace with kernels or copies
-- Inputs:  device_busy, kernel, communication, interval_union
-- Columns:
--   trace_id    trace.trace_id
--   compute_ns  ns in which kernels other than collectives ran
--   busy_ns     ns in which any kernel or copy ran
-- Never:   WHERE compute_ns > busy_ns OR compute_ns < 0
WITH called AS MATERIALIZED (
  SELECT trace_id, kernel_id FROM communication
),

communicating AS (
  SELECT DISTINCT trace_id FROM called
),

computing AS (
  SELECT
    kernel.trace_id,
    0 AS track,
    kernel.start_ns,
    kernel.start_ns + kernel.dur_ns AS end_ns
  FROM kernel
  SEMI JOIN communicating USING (trace_id)
  ANTI JOIN called USING (trace_id, kernel_id)
),

computed AS (
  SELECT trace_id, cast(sum(end_ns - start_ns) AS BIGINT) AS compute_ns
  FROM interval_union('computing')
  GROUP BY trace_id
)

SELECT
  trace_id,
  if(communicating.trace_id IS NULL, device_busy.kernel_busy_ns, coalesce(computed.compute_ns, 0))
    AS compute_ns,
  device_busy.gpu_busy_ns AS busy_ns
FROM device_busy
LEFT JOIN communicating USING (trace_id)
LEFT JOIN computed USING (trace_id)
