-- stream_queue: how many launches a stream had, and how long they waited.
--
-- Why:     a queue is known from every launch, so it is added up once, when the trace is loaded.
-- Grain:   one row per (trace_id, device_id, stream_id) with launches
-- Inputs:  device_event
-- Columns:
--   trace_id            trace.trace_id
--   device_id           device.device_id
--   stream_id           stream or queue
--   launch_count        launches: calls with an event on the stream
--   no_wait_count       launches whose event had started when the call began: clocks disagree
--   length_integral_ns  ns, sum of the times that the launches waited; NULL beyond int64
--   first_ns            ns from the trace's base, when the first call began
--   last_ns             ns, when the last launch left: its first event on the stream began
-- Never:   WHERE no_wait_count > launch_count OR first_ns > last_ns
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
)

SELECT
  trace_id,
  device_id,
  stream_id,
  count(*) AS launch_count,
  count(*) FILTER (WHERE end_ns <= start_ns) AS no_wait_count,
  try_cast(sum(greatest(end_ns - start_ns, 0)) AS BIGINT) AS length_integral_ns,
  min(start_ns) AS first_ns,
  max(greatest(end_ns, start_ns)) AS last_ns
FROM launched
GROUP BY trace_id, device_id, stream_id
