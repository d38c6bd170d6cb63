-- timeline_counter: what a trace records over time: memory in use and GPU counters.
--
-- Why:     memory says what a step keeps, and counters how busy the device was.
-- Grain:   one row per recorded value
-- Inputs:  memory_event, gpu_counter, timeline_counted
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   counter_id  timeline_counted.counter_id
--   ts_ns       ns from the trace's base
--   value       from then on: bytes allocated, or as in gpu_counter
SELECT
  counted.counter_id,
  memory_event.ts_ns,
  cast(memory_event.allocated_bytes AS DOUBLE) AS value
FROM memory_event
INNER JOIN timeline_counted AS counted USING (device_id)
WHERE
  memory_event.trace_id = of_trace
  AND memory_event.allocated_bytes IS NOT NULL
  AND counted.counter = 'memory'
UNION ALL
SELECT
  counted.counter_id,
  gpu_counter.start_ns AS ts_ns,
  gpu_counter.value
FROM gpu_counter
INNER JOIN timeline_counted AS counted USING (device_id, counter)
WHERE gpu_counter.trace_id = of_trace
