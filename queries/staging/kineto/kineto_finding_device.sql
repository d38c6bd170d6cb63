-- kineto_finding_device: traps that the device events of a trace give away.
--
-- Why:     overlap, copies and missing launches decide which figures a trace can support.
-- Grain:   one row per kind of trap that is there
-- Inputs:  kernel, runtime_call, kineto_event
-- Columns:
--   kind         name of the trap
--   count        events it touches
--   example      the first or worst one
WITH timed AS (
  SELECT
    name,
    dur_ns,
    max(start_ns + dur_ns) OVER (
      PARTITION BY device_id, stream_id
      ORDER BY start_ns, start_ns + dur_ns
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) - start_ns AS overlap_ns
  FROM kernel
),

unlinked AS (
  SELECT kernel.name
  FROM kernel
  ANTI JOIN runtime_call ON kernel.correlation_id = runtime_call.correlation_id
),

device_event AS (
  SELECT * FROM kineto_event
  WHERE role IN ('kernel', 'copy') AND ph = 'X' AND start_ns IS NOT NULL
),

crowded AS (
  SELECT start_ns, dur_ns FROM device_event
  GROUP BY start_ns, dur_ns
  HAVING count(*) > 1
),

copies AS (
  SELECT
    name,
    count(*) - 1 AS copy_count
  FROM device_event
  SEMI JOIN crowded USING (start_ns, dur_ns)
  GROUP BY
    pid, device_id, stream_id, start_ns, dur_ns, correlation_id, graph_node_id, name,
    CASE WHEN role = 'copy' THEN size_bytes END
  HAVING count(*) > 1
)

SELECT
  'same_stream_overlap' AS kind,
  count(*) AS count,
  max(overlap_ns) || ' ns at most: ' || arg_max(name, overlap_ns)[:120] AS example
FROM timed
WHERE overlap_ns > 0
UNION ALL
SELECT
  'overrunning_kernel' AS kind,
  count(*) AS count,
  max(overlap_ns) || ' ns: ' || arg_max(name, overlap_ns)[:120] AS example
FROM timed
WHERE overlap_ns > 100000
UNION ALL
SELECT
  'zero_duration_kernel' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM timed
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
  sum(copy_count)::BIGINT AS count,
  min(name)[:120] AS example
FROM copies
