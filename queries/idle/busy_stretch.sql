-- busy_stretch: when any device of a process was busy, and how long before.
--
-- Why:     with the time before each stretch, two look-ups give the busy time within any window.
-- Grain:   one row per (trace_id, owner, start_ns), a maximal stretch in which a device was busy
-- Inputs:  trace, device_event, interval_stretch
-- Kept:    view
-- Columns:
--   trace_id   trace.trace_id
--   owner      process whose devices are meant; 'all' for all devices of a trace of PyTorch's
--              profiler, whose kernels don't name their process
--   start_ns   ns from the trace's base
--   end_ns     ns
--   before_ns  ns in which a device was busy before start_ns
-- Never:   WHERE end_ns <= start_ns OR before_ns < 0
WITH owner AS (
  SELECT DISTINCT
    trace_id,
    if(trace.format = 'nsys', coalesce(event.process_id, 'all'), 'all') AS track,
    event.device_id
  FROM device_event AS event
  INNER JOIN trace USING (trace_id)
),

work AS (
  SELECT
    trace_id,
    owner.track,
    event.start_ns,
    event.end_ns
  FROM device_event AS event
  INNER JOIN owner USING (trace_id, device_id)
  WHERE event.end_ns > event.start_ns
)

SELECT
  trace_id,
  track AS owner,
  start_ns,
  end_ns,
  before_ns
FROM interval_stretch('work')
