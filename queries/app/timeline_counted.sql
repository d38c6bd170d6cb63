-- timeline_counted: which counters a trace recorded, with a number each.
--
-- Why:     its values are many, and carry the number.
-- Grain:   one row per counter of a device
-- Inputs:  memory_event, gpu_counter
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   counter_id  number within the trace, from 0
--   counter     'memory' (bytes allocated) | gpu_counter.counter
--   device_id   device.device_id; -1 for host memory
WITH found AS (
  SELECT
    'memory' AS counter,
    device_id
  FROM memory_event
  WHERE trace_id = of_trace AND allocated_bytes IS NOT NULL
  UNION
  SELECT
    counter,
    device_id
  FROM gpu_counter
  WHERE trace_id = of_trace
)

SELECT
  cast(row_number() OVER (ORDER BY counter, device_id) - 1 AS INTEGER) AS counter_id,
  counter,
  device_id
FROM found
ORDER BY counter_id
