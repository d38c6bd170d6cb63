-- kineto_anomaly_device: anomalies in the device events of a trace.
--
-- Why:     overlap, duplicates and missing launches decide which numbers a trace can support.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  kernel, kernel_row, kernel_text, kineto_kernel_overlap, gpu_copy, runtime_call,
--          runtime_call_row, kineto_event_count
-- Columns:
--   kind     see anomaly_kind
--   count    number of affected events
--   example  the first or worst one
WITH overlapping AS (
  SELECT
    overlap.overlap_ns,
    -- the first of those that overlap most is the example
    row(overlap.overlap_ns, -overlap.kernel_id) AS extent,
    text.name
  FROM kineto_kernel_overlap AS overlap
  INNER JOIN kernel_text AS text ON overlap.text_id = text.text_id
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
  max(overlap_ns) || ' ns at most: ' || arg_max(name, extent)[:120] AS example
FROM overlapping
UNION ALL
SELECT
  'overrunning_kernel' AS kind,
  count(*) AS count,
  max(overlap_ns) || ' ns: ' || arg_max(name, extent)[:120] AS example
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
  'lost_duration' AS kind,
  count(*) FILTER (WHERE dur_ns = 0) AS count,
  min(name) FILTER (WHERE dur_ns = 0)[:120] AS example
FROM kernel
HAVING 2 * count(*) FILTER (WHERE dur_ns = 0) > count(*)
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
