-- kineto_anomaly_value: labels and values of the manifest that were left out as they can't be right.
--
-- Why:     a value that is left out in silence would be missed where it counts.
-- Grain:   one row per kind, also where count is 0
-- Inputs:  kineto_event, trace_file
-- Columns:
--   kind     see anomaly_kind
--   count    ranges or values touched
--   example  one of them
SELECT
  'odd_label' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM kineto_event
WHERE is_odd_label AND ph = 'X' AND start_ns IS NOT NULL
UNION ALL
SELECT
  'odd_manifest_value' AS kind,
  odd_manifest_count AS count,
  odd_manifest_example AS example
FROM trace_file
