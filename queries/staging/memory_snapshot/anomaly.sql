-- anomaly: the anomalies of a memory snapshot.
--
-- Why:     everything that was skipped or contradicts itself is counted, never dropped silently.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  trace_file, memory_snapshot_reader_anomaly, memory_action, anomaly_kind
-- Columns:
--   trace_id     from trace_file
--   kind         'unreadable_event' | 'contradicting_history' | 'unknown_category' |
--                'odd_manifest_value'
--   count        number of entries, devices or values
--   example      the first one
--   consequence  effect on the metrics
WITH found AS (
  SELECT kind, count, example FROM memory_snapshot_reader_anomaly
  UNION ALL
  SELECT
    'contradicting_history' AS kind,
    count(DISTINCT device_id) AS count,
    'device ' || min(device_id) AS example
  FROM memory_action
  WHERE allocated_bytes IS NULL
  UNION ALL
  SELECT 'unknown_category' AS kind, count(*) AS count, min(action) AS example
  FROM memory_action
  WHERE
    action NOT IN (
      'alloc', 'free_requested', 'free_completed', 'segment_alloc', 'segment_free',
      'segment_map', 'segment_unmap', 'oom', 'snapshot'
    )
  UNION ALL
  SELECT 'odd_manifest_value' AS kind, odd_manifest_count AS count, odd_manifest_example AS example
  FROM trace_file
)

SELECT
  trace_file.trace_id,
  found.kind,
  found.count,
  found.example,
  coalesce(known.consequence, 'not described') AS consequence
FROM found
CROSS JOIN trace_file
LEFT JOIN anomaly_kind AS known USING (kind)
WHERE found.count > 0
