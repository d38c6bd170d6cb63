-- kineto_anomaly_device: anomalies in the device events of a trace.
--
-- Why:     overlap, duplicates and missing launches decide which numbers a trace can support.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  kernel, gpu_copy, runtime_call, kineto_event_count
-- Columns:
--   kind     see anomaly_kind
--   count    number of affected events
--   example  the first or worst one
WITH adjacent AS (
  SELECT
    device_id,
    stream_id,
    lag(start_ns + dur_ns) OVER in_order > start_ns AS is_early
  FROM kernel
  WINDOW in_order AS (PARTITION BY device_id, stream_id ORDER BY start_ns, start_ns + dur_ns)
),

-- if no kernel starts before the previous one ends, no two kernels overlap
crowded AS (
  SELECT DISTINCT device_id, stream_id FROM adjacent
  WHERE is_early
),

timed AS (
  SELECT
    kernel.kernel_id,
    max(kernel.start_ns + kernel.dur_ns) OVER (
      PARTITION BY kernel.device_id, kernel.stream_id
      ORDER BY kernel.start_ns, kernel.start_ns + kernel.dur_ns
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) - kernel.start_ns AS overlap_ns
  FROM kernel
  SEMI JOIN crowded
    ON
      kernel.device_id = crowded.device_id
      AND kernel.stream_id IS NOT DISTINCT FROM crowded.stream_id
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
  ANTI JOIN runtime_call USING (correlation_id)
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
    - (SELECT count(*) FROM kernel) AS kernel_count,
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
