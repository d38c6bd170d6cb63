-- launch_queue: how many launches wait in each stream.
--
-- Why:     a stream whose queue is never empty is never short of work; one whose queue is full
--          blocks the host. Calls in flight when recording began are unknown.
-- Grain:   one row per (trace_id, device_id, stream_id) with launches
-- Inputs:  trace, device_event
-- Needs:   kernel, call
-- Params:
--   full_length BIGINT = 1024  launches in a queue that counts as full; the limit is the driver's
-- Key:     trace_name, stream_id, launch_count, no_wait_count, peak_length, mean_length
-- Columns:
--   trace_id             trace.trace_id
--   trace_name           trace.name
--   device_id            device.device_id
--   stream_id            stream or queue
--   launch_count         launches: calls with an event on the stream
--   no_wait_count        launches whose event had started when the call began: clocks disagree
--   peak_length          most launches that waited at once, each from the start of its call to the
--                        start of its first event on the stream
--   peak_after_first_ns  ns from the first call until the queue was longest for the first time
--   length_integral_ns   ns, sum of the times that the launches waited
--   window_ns            ns from the first call until the last launch left
--   mean_length          launches, mean over window_ns; NULL if that is 0
--   full_ns              ns in which at least full_length launches waited
-- Never:   WHERE peak_length > launch_count OR full_ns > window_ns
-- Plot:    Launches that wait in a stream
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

counted AS (
  SELECT
    trace_id,
    device_id,
    stream_id,
    count(*) AS launch_count,
    count(*) FILTER (WHERE end_ns <= start_ns) AS no_wait_count,
    cast(sum(greatest(end_ns - start_ns, 0)) AS BIGINT) AS integral_ns,
    min(start_ns) AS first_ns,
    max(greatest(end_ns, start_ns)) AS last_ns
  FROM launched
  GROUP BY trace_id, device_id, stream_id
),

edge AS (
  SELECT trace_id, device_id, stream_id, start_ns AS at_ns, 1 AS step FROM launched
  WHERE end_ns > start_ns
  UNION ALL
  SELECT trace_id, device_id, stream_id, end_ns AS at_ns, -1 AS step FROM launched
  WHERE end_ns > start_ns
),

-- of edges at one moment the last one has the length after it, and all others no time
length AS (
  SELECT
    trace_id,
    device_id,
    stream_id,
    at_ns,
    lead(at_ns) OVER in_order - at_ns AS dur_ns,
    sum(step) OVER (in_order ROWS UNBOUNDED PRECEDING) AS length
  FROM edge
  WINDOW in_order AS (PARTITION BY trace_id, device_id, stream_id ORDER BY at_ns, step)
),

peak AS (
  SELECT
    trace_id,
    device_id,
    stream_id,
    cast(max(length) AS BIGINT) AS peak_length,
    arg_max(at_ns, (length, -at_ns)) AS peak_ns,
    cast(coalesce(sum(dur_ns) FILTER (WHERE length >= full_length), 0) AS BIGINT) AS full_ns
  FROM length
  GROUP BY trace_id, device_id, stream_id
)

SELECT
  counted.trace_id,
  trace.name AS trace_name,
  counted.device_id,
  counted.stream_id,
  counted.launch_count,
  counted.no_wait_count,
  coalesce(peak.peak_length, 0) AS peak_length,
  coalesce(peak.peak_ns - counted.first_ns, 0) AS peak_after_first_ns,
  counted.integral_ns AS length_integral_ns,
  counted.last_ns - counted.first_ns AS window_ns,
  counted.integral_ns / nullif(window_ns, 0) AS mean_length,
  coalesce(peak.full_ns, 0) AS full_ns
FROM counted
INNER JOIN trace ON counted.trace_id = trace.trace_id
LEFT JOIN peak
  ON
    counted.trace_id = peak.trace_id
    AND counted.device_id = peak.device_id
    AND counted.stream_id IS NOT DISTINCT FROM peak.stream_id
ORDER BY counted.trace_id, counted.device_id, counted.stream_id
