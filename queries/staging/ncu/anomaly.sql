-- anomaly: the anomalies of an Nsight Compute result.
--
-- Why:     everything that was skipped is counted here, never dropped silently.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  trace_file, ncu_reader_anomaly, anomaly_kind
-- Columns:
--   trace_id     from trace_file
--   kind         'cut_row' | 'profiler_warning' | 'odd_manifest_value'
--   count        number of rows, lines or values
--   example      the first one
--   consequence  effect on the metrics
SELECT
  file.trace_id,
  found.kind,
  found.count,
  found.example,
  coalesce(known.consequence, 'not described') AS consequence
FROM (
  FROM ncu_reader_anomaly
  UNION ALL
  SELECT 'odd_manifest_value' AS kind, odd_manifest_count AS count, odd_manifest_example AS example
  FROM trace_file
) AS found
CROSS JOIN trace_file AS file
LEFT JOIN anomaly_kind AS known USING (kind)
WHERE found.count > 0
