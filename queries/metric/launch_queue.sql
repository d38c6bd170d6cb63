-- launch_queue: how many launches wait in each stream.
--
-- Why:     a stream whose queue is never empty is never short of work; one whose queue is full
--          blocks the host. Calls in flight when recording began are unknown.
-- Grain:   one row per (trace_id, device_id, stream_id) with launches
-- Inputs:  trace, stream_queue, queue_length
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
--   length_integral_ns   ns, sum of the times that the launches waited; NULL beyond int64
--   window_ns            ns from the first call until the last launch left
--   mean_length          launches, mean over window_ns; NULL if that is 0
--   full_ns              ns in which at least full_length launches waited
-- Never:   WHERE peak_length > launch_count OR full_ns > window_ns
-- Plot:    Launches that wait in a stream
WITH peak AS (
  SELECT
    trace_id,
    device_id,
    stream_id,
    max(length) AS peak_length,
    arg_max(first_ns, length) AS peak_ns,
    cast(coalesce(sum(length_ns) FILTER (WHERE length >= full_length), 0) AS BIGINT) AS full_ns
  FROM queue_length
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
  counted.length_integral_ns,
  counted.last_ns - counted.first_ns AS window_ns,
  counted.length_integral_ns / nullif(window_ns, 0) AS mean_length,
  coalesce(peak.full_ns, 0) AS full_ns
FROM stream_queue AS counted
INNER JOIN trace ON counted.trace_id = trace.trace_id
LEFT JOIN peak
  ON
    counted.trace_id = peak.trace_id
    AND counted.device_id = peak.device_id
    AND counted.stream_id IS NOT DISTINCT FROM peak.stream_id
ORDER BY counted.trace_id, counted.device_id, counted.stream_id
