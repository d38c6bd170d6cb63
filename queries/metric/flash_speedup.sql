-- flash_speedup: how much faster another attention backend makes attention, and the whole run.
--
-- Why:     a faster attention kernel speeds up a run only by attention's share of it (Amdahl's
--          law). A gap between that prediction and the measurement shows that something else
--          changed too.
-- Grain:   one row per (trace_id, scope, attention_partition) of a run that has a baseline
-- Inputs:  trace, category_time, run_pair
-- Merge:   trace, trace_setting, category_time
-- Needs:   pair
-- Key:     trace_name, baseline_trace_name, baseline_ns, optimized_ns, speedup,
--          attention_speedup, predicted_speedup
-- Columns:
--   trace_id                trace.trace_id of the optimized run
--   trace_name              trace.name
--   model                   trace.model
--   family                  trace.family
--   attention               trace.attention
--   baseline_trace_id       the run it is compared with
--   baseline_trace_name     trace.name of the baseline
--   predicted               true if either run's times are predicted
--   time_low_ratio          see trace: true times are expected to be this times the ones shown, or
--                           more
--   time_high_ratio         and this times them, or less; both NULL if measured
--   source                  how the pair was found, see run_pair
--   refusal                 settings that differ; every number is NULL then
--   scope                   'profile' as recorded | 'request' scaled by component_scale
--   attention_partition     'core' | 'module': what counts as attention
--   baseline_ns             ns, all work of the baseline
--   optimized_ns            ns, all work of the optimized run
--   speedup                 baseline_ns / optimized_ns
--   baseline_attention_ns   ns in attention, baseline
--   optimized_attention_ns  ns in attention, optimized run
--   attention_frac          0..1, attention's share of the baseline
--   attention_speedup       baseline_attention_ns / optimized_attention_ns
--   predicted_speedup       Amdahl's law: 1 / ((1 - attention_frac) + attention_frac /
--                           attention_speedup)
--   ceiling_speedup         1 / (1 - attention_frac): the speedup if attention took no time
--   other_drift_frac        relative change of everything but attention; 0 if only attention
--                           changed
-- Never:   WHERE speedup > ceiling_speedup * (1 + 1e-9) AND other_drift_frac >= 0
-- Plot:    Speedup from another attention backend, measured and by Amdahl's law
WITH partition AS (SELECT unnest(['core', 'module']) AS attention_partition),

scope AS (SELECT unnest(['profile', 'request']) AS scope),

total AS (
  SELECT
    trace_id,
    scope,
    attention_partition,
    sum(work_ns) AS all_ns,
    sum(if(category = 'attention', work_ns, 0)) AS attention_ns
  FROM category_time
  GROUP BY trace_id, scope, attention_partition
)

SELECT
  run_pair.optimized_trace_id AS trace_id,
  trace.name AS trace_name,
  trace.model,
  trace.family,
  trace.attention,
  run_pair.baseline_trace_id,
  baseline_trace.name AS baseline_trace_name,
  trace.predicted OR baseline_trace.predicted AS predicted,
  least(trace.time_low_ratio, baseline_trace.time_low_ratio) AS time_low_ratio,
  greatest(trace.time_high_ratio, baseline_trace.time_high_ratio) AS time_high_ratio,
  run_pair.source,
  run_pair.refusal,
  scope.scope,
  partition.attention_partition,
  try_cast(baseline.all_ns AS BIGINT) AS baseline_ns,
  try_cast(optimized.all_ns AS BIGINT) AS optimized_ns,
  baseline.all_ns / nullif(optimized.all_ns, 0) AS speedup,
  try_cast(baseline.attention_ns AS BIGINT) AS baseline_attention_ns,
  try_cast(optimized.attention_ns AS BIGINT) AS optimized_attention_ns,
  baseline.attention_ns / nullif(baseline.all_ns, 0) AS attention_frac,
  baseline.attention_ns / nullif(optimized.attention_ns, 0) AS attention_speedup,
  baseline.all_ns
  / nullif(baseline.all_ns - baseline.attention_ns + optimized.attention_ns, 0)
    AS predicted_speedup,
  baseline.all_ns / nullif(baseline.all_ns - baseline.attention_ns, 0) AS ceiling_speedup,
  (optimized.all_ns - optimized.attention_ns)
  / nullif(baseline.all_ns - baseline.attention_ns, 0) - 1 AS other_drift_frac
FROM run_pair
CROSS JOIN partition
CROSS JOIN scope
INNER JOIN trace ON run_pair.optimized_trace_id = trace.trace_id
INNER JOIN trace AS baseline_trace ON run_pair.baseline_trace_id = baseline_trace.trace_id
LEFT JOIN total AS baseline
  ON
    run_pair.refusal IS NULL
    AND run_pair.baseline_trace_id = baseline.trace_id
    AND scope.scope = baseline.scope
    AND partition.attention_partition = baseline.attention_partition
LEFT JOIN total AS optimized
  ON
    run_pair.refusal IS NULL
    AND run_pair.optimized_trace_id = optimized.trace_id
    AND scope.scope = optimized.scope
    AND partition.attention_partition = optimized.attention_partition
ORDER BY run_pair.optimized_trace_id ASC, scope.scope DESC, partition.attention_partition ASC
