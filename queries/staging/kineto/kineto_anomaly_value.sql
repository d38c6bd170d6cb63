-- kineto_anomaly_value: invalid labels and manifest values, which were left out.
--
-- Why:     a value that is left out silently would be missed where it matters.
-- Grain:   one row per kind, even if count is 0
-- Inputs:  kineto_event, trace_file
-- Columns:
--   kind     see anomaly_kind
--   count    number of affected ranges or values
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
