-- host_stretch: when a process ran operators or calls, when it waited, and how long before.
--
-- Why:     with the time before each stretch, two look-ups give the covered time within any range.
-- Grain:   one row per (trace_id, process_id, cover, start_ns), a maximal stretch of a process of
--          measured_process
-- Inputs:  measured_process, host_span, interval_stretch
-- Kept:    view
-- Columns:
--   trace_id    trace.trace_id
--   process_id  process, as text
--   cover       'wait' (a thread waited for a device) | 'any' (that, or one ran an operator or a
--               call)
--   start_ns    ns from the trace's base
--   end_ns      ns
--   before_ns   ns covered before start_ns
-- Never:   WHERE end_ns < start_ns OR before_ns < 0
WITH process AS MATERIALIZED (
  -- numbers are faster to sort than texts
  SELECT trace_id, process_id, row_number() OVER (ORDER BY trace_id, process_id) AS number
  FROM measured_process
),

covering AS (
  SELECT
    trace_id,
    2 * process.number + host_span.waits::INTEGER AS track,
    host_span.start_ns,
    host_span.end_ns
  FROM host_span
  INNER JOIN process USING (trace_id, process_id)
)

SELECT
  stretch.trace_id,
  process.process_id,
  if(stretch.track % 2 = 1, 'wait', 'any') AS cover,
  stretch.start_ns,
  stretch.end_ns,
  stretch.before_ns
FROM interval_stretch('covering') AS stretch
INNER JOIN process ON stretch.track // 2 = process.number
