-- anomaly: what was odd in a result of Nsight Compute.
--
-- Why:     what was skipped is counted here, never dropped in silence.
-- Grain:   one row per kind of trouble that was met
-- Inputs:  trace_file, ncu_problem
-- Columns:
--   trace_id     from trace_file
--   kind         'cut_row' | 'profiler_warning' | 'odd_manifest_value'
--   count        rows, lines or values
--   example      the first one
--   consequence  what it does to which metric
SELECT
  trace_file.trace_id,
  ncu_problem.kind,
  ncu_problem.count,
  ncu_problem.example,
  ncu_problem.consequence
FROM ncu_problem
CROSS JOIN trace_file
UNION ALL
SELECT
  trace_id,
  'odd_manifest_value' AS kind,
  odd_manifest_count AS count,
  odd_manifest_example AS example,
  'values of the manifest that are of another kind than their key: as if they were not there'
    AS consequence
FROM trace_file
WHERE odd_manifest_count > 0
