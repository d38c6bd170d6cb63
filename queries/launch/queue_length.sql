-- queue_length: for how long each number of launches waited in a stream.
--
-- Why:     a stream has few lengths of its queue, however many launches it had.
-- Grain:   one row per (trace_id, device_id, stream_id, length)
-- Inputs:  device_event
-- Columns:
--   trace_id   trace.trace_id
--   device_id  device.device_id
--   stream_id  stream or queue
--   length     launches that waited, each from the start of its call to the start of its first
--              event on the stream
--   length_ns  ns in which so many waited
--   first_ns   ns from the trace's base, when so many waited for the first time
-- Never:   WHERE length < 0 OR length_ns < 0
WITH launched AS (
  SELECT
    trace_id,
    device_id,
    stream_id,
    call_id,
    any_value(call_start_ns) AS start_ns,
    min(start_ns) AS end_ns
  FROM device_event
  WHERE call_id IS NOT NULL
  GROUP BY trace_id, device_id, stream_id, call_id
),

edge AS (
  SELECT trace_id, device_id, stream_id, start_ns AS at_ns, 1 AS step FROM launched
  WHERE end_ns > start_ns
  UNION ALL
  SELECT trace_id, device_id, stream_id, end_ns AS at_ns, -1 AS step FROM launched
  WHERE end_ns > start_ns
),

-- of edges at one moment the last one has the length after it, and all others no time
changed AS (
  SELECT
    trace_id,
    device_id,
    stream_id,
    at_ns,
    lead(at_ns) OVER in_order - at_ns AS dur_ns,
    sum(step) OVER (in_order ROWS UNBOUNDED PRECEDING) AS length
  FROM edge
  WINDOW in_order AS (PARTITION BY trace_id, device_id, stream_id ORDER BY at_ns, step)
)

SELECT
  trace_id,
  device_id,
  stream_id,
  cast(length AS BIGINT) AS length,
  cast(coalesce(sum(dur_ns), 0) AS BIGINT) AS length_ns,
  min(at_ns) AS first_ns
FROM changed
GROUP BY trace_id, device_id, stream_id, length
