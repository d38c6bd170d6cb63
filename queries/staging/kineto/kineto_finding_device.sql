-- kineto_finding_device: traps that the device events of a trace give away.
--
-- Why:     overlap, copies and missing launches decide which figures a trace can support.
-- Grain:   one row per kind of trap that is there
-- Inputs:  kernel, gpu_copy, runtime_call, kineto_event
-- Columns:
--   kind         name of the trap
--   count        events it touches
--   example      the first or worst one
WITH timed AS (
  SELECT
    kernel_id,
    max(start_ns + dur_ns) OVER (
      PARTITION BY device_id, stream_id
      ORDER BY start_ns, start_ns + dur_ns
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) - start_ns AS overlap_ns
  FROM kernel
),

overlapping AS (
  SELECT
    timed.overlap_ns,
    kernel.name
  FROM timed
  INNER JOIN kernel USING (kernel_id)
  WHERE timed.overlap_ns > 0
),

unlinked AS (
  SELECT kernel.name
  FROM kernel
  ANTI JOIN runtime_call USING (correlation_id)
  WHERE kernel.process_id IS NULL
  UNION ALL
  SELECT kernel.name
  FROM kernel
  ANTI JOIN runtime_call USING (correlation_id, process_id)
  WHERE kernel.process_id IS NOT NULL
),

recorded AS (
  SELECT
    count(*) FILTER (WHERE role = 'kernel') - (SELECT count(*) FROM kernel) AS kernel_count,
    count(*) FILTER (WHERE role = 'copy') - (SELECT count(*) FROM gpu_copy) AS copy_count
  FROM kineto_event
  WHERE ph = 'X' AND start_ns IS NOT NULL
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
FROM unlinked
UNION ALL
SELECT
  'duplicate_device_event' AS kind,
  kernel_count + copy_count AS count,
  kernel_count || ' kernels, ' || copy_count || ' copies' AS example
FROM recorded
