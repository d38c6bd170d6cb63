-- kineto_anomaly_device: anomalies in the device events of a trace.
--
-- Why:     overlap, duplicates and missing launches decide which numbers a trace can support.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  kernel, kernel_row, gpu_copy, runtime_call, runtime_call_row, kineto_event_count
-- Columns:
--   kind     see anomaly_kind
--   count    number of affected events
--   example  the first or worst one
WITH adjacent AS (
  SELECT
    device_id,
    stream_id,
    lag(start_ns + dur_ns) OVER in_order > start_ns AS is_early
  FROM kernel_row
  WINDOW in_order AS (PARTITION BY device_id, stream_id ORDER BY start_ns, start_ns + dur_ns)
),

-- if no kernel starts before the previous one ends, no two kernels overlap
crowded AS (
  SELECT DISTINCT device_id, stream_id FROM adjacent
  WHERE is_early
),

timed AS (
  SELECT
    event.kernel_id,
    max(event.start_ns + event.dur_ns) OVER (
      PARTITION BY event.device_id, event.stream_id
      ORDER BY event.start_ns, event.start_ns + event.dur_ns
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) - event.start_ns AS overlap_ns
  FROM kernel_row AS event
  SEMI JOIN crowded
    ON
      event.device_id = crowded.device_id
      AND event.stream_id IS NOT DISTINCT FROM crowded.stream_id
),

overlapping AS (
  SELECT
    timed.overlap_ns,
    kernel.name
  FROM timed
  INNER JOIN kernel USING (kernel_id)
  WHERE timed.overlap_ns > 0
),

-- look names up last, because a hash table of all names is slow
unlinked AS (
  SELECT kernel.kernel_id
  FROM kernel
  ANTI JOIN runtime_call_row USING (correlation_id)
  WHERE kernel.process_id IS NULL
  UNION ALL
  SELECT kernel.kernel_id
  FROM kernel
  ANTI JOIN runtime_call USING (correlation_id, process_id)
  WHERE kernel.process_id IS NOT NULL
),

recorded AS (
  SELECT
    coalesce(sum(timed_count) FILTER (WHERE role = 'kernel'), 0)::BIGINT
    - (SELECT count(*) FROM kernel_row) AS kernel_count,
    coalesce(sum(timed_count) FILTER (WHERE role = 'copy'), 0)::BIGINT
    - (SELECT count(*) FROM gpu_copy) AS copy_count
  FROM kineto_event_count
  WHERE ph = 'X'
)

SELECT
  'same_stream_overlap' AS kind,
  count(*) AS count,
  max(overlap_ns) || ' ns at most: ' || arg_max(name, overlap_ns)[:120] AS example
FROM overlapping
UNION ALL
SELECT
  'overrunning_kernel' AS kind,
  count(*) AS count,
  max(overlap_ns) || ' ns: ' || arg_max(name, overlap_ns)[:120] AS example
FROM overlapping
WHERE overlap_ns > 100000
UNION ALL
SELECT
  'zero_duration_kernel' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM kernel
WHERE dur_ns = 0
UNION ALL
SELECT
  'unlinked_kernel' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM kernel
SEMI JOIN unlinked USING (kernel_id)
UNION ALL
SELECT
  'duplicate_device_event' AS kind,
  kernel_count + copy_count AS count,
  kernel_count || ' kernels, ' || copy_count || ' copies' AS example
FROM recorded
