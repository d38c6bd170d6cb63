-- run_measurement: the times of each measured run, and a key that is equal for repeated runs.
--
-- Why:     runs with equal settings repeat the same experiment. Differences between them are
--          chance, and show how reliable a comparison is.
-- Grain:   one row per measurement: of a run, or of one of its passes without a profiler
-- Inputs:  trace, trace_setting, category_time
-- Columns:
--   measured_trace_id  trace.trace_id; predicted runs and runs of unknown attention are left out
--   setting_digest     equal for runs with equal settings; attention is not one of them
--   attention          trace.attention
--   quantity           'request': all work, scaled to a whole request; 'attention_core',
--                      'attention_module': attention's part of it; 'wall': wall time of a pass
--                      without a profiler, from the manifest
--   measured_ns        ns
-- Never:   WHERE measured_ns <= 0
WITH run AS (
  SELECT
    trace_id,
    md5(string_agg(setting || '=' || coalesce(value, ''), chr(10) ORDER BY setting))
      AS setting_digest
  FROM trace_setting
  GROUP BY trace_id
),

total AS (
  SELECT
    trace_id,
    sum(work_ns) FILTER (WHERE attention_partition = 'core') AS request_ns,
    sum(work_ns) FILTER (WHERE attention_partition = 'core' AND category = 'attention') AS core_ns,
    sum(work_ns) FILTER (WHERE attention_partition = 'module' AND category = 'attention')
      AS module_ns
  FROM category_time
  WHERE scope = 'request'
  GROUP BY trace_id
),

measured AS (
  SELECT
    trace_id,
    unnest(['request', 'attention_core', 'attention_module']) AS quantity,
    unnest([request_ns, core_ns, module_ns]) AS measured_ns
  FROM total
  UNION ALL
  SELECT
    trace_id,
    'wall' AS quantity,
    unnest(from_json(manifest -> 'wall_ns_repeats', '["BIGINT"]')) AS measured_ns
  FROM trace
)

SELECT
  trace.trace_id AS measured_trace_id,
  run.setting_digest,
  trace.attention,
  measured.quantity,
  try_cast(measured.measured_ns AS BIGINT) AS measured_ns
FROM measured
INNER JOIN run USING (trace_id)
INNER JOIN trace USING (trace_id)
WHERE NOT trace.predicted AND trace.attention IS NOT NULL AND measured.measured_ns > 0
