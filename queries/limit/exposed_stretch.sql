-- exposed_stretch: when the device of a rank communicated and did not compute.
--
-- Why:     a wait for other ranks costs time only while nothing else is computed. From one trace
--          each, so that a fleet puts together stretches and not its kernels.
-- Grain:   one row per maximal stretch of a device, of a trace whose rank is known, in which a
--          collective runs and no other kernel
-- Inputs:  trace, kernel, communication, open_layer
-- Columns:
--   trace_id   trace.trace_id
--   device_id  device.device_id
--   start_ns   ns from the trace's base
--   end_ns     ns
-- Never:   WHERE end_ns <= start_ns
WITH member AS (
  SELECT trace_id FROM trace
  WHERE rank IS NOT NULL
),

ranked AS (
  FROM communication SEMI JOIN member USING (trace_id)
),

layer AS (
  SELECT
    kernel.trace_id,
    kernel.device_id AS track,
    if(ranked.kernel_id IS NULL, 0, 1) AS layer,
    kernel.start_ns,
    kernel.start_ns + kernel.dur_ns AS end_ns
  FROM kernel
  SEMI JOIN ranked AS same ON kernel.trace_id = same.trace_id
  LEFT JOIN ranked ON kernel.trace_id = ranked.trace_id AND kernel.kernel_id = ranked.kernel_id
)

SELECT
  trace_id,
  track AS device_id,
  start_ns,
  end_ns
FROM open_layer('layer')
WHERE layers = 2
