-- rank_busy: how long the devices of a trace were busy, with collectives and without.
--
-- Why:     rank_skew holds waits against them. From one trace each, so that a fleet adds up one row
--          for each trace and not its kernels.
-- Grain:   one row per trace with kernels or copies
-- Inputs:  device_event, communication, interval_union
-- Kept:    view
-- Columns:
--   trace_id    trace.trace_id
--   compute_ns  ns in which kernels other than collectives ran
--   busy_ns     ns in which any kernel or copy ran
-- Never:   WHERE compute_ns > busy_ns OR compute_ns < 0
WITH event AS (
  SELECT
    event.trace_id,
    unnest(if(
      event.kernel_id IS NULL OR communication.kernel_id IS NOT NULL, ['busy'], ['busy', 'compute']
    )) AS track,
    event.start_ns,
    event.end_ns
  FROM device_event AS event
  LEFT JOIN communication USING (trace_id, kernel_id)
)

SELECT
  trace_id,
  cast(coalesce(sum(end_ns - start_ns) FILTER (WHERE track = 'compute'), 0) AS BIGINT)
    AS compute_ns,
  cast(sum(end_ns - start_ns) FILTER (WHERE track = 'busy') AS BIGINT) AS busy_ns
FROM interval_union('event')
GROUP BY trace_id
