-- flash_contrast: how much more a diffusion model gains from fused attention than another model.
--
-- Why:     a diffusion model sends thousands of query rows at once, as a prompt's prefill does,
--          while a token decoder sends one. The same kernel therefore helps diffusion more. Only
--          runs on the same device and of the same size are compared, and predicted runs only with
--          predicted ones.
-- Grain:   one row per (trace_id, other_trace_id, scope, attention_partition)
-- Inputs:  trace, category_time, run_pair
-- Merge:   trace, trace_setting, category_time
-- Needs:   pair
-- Key:     trace_name, other_trace_name, attention_speedup, other_attention_speedup, speedup,
--          other_speedup, speedup_ratio
-- Columns:
--   trace_id                 trace.trace_id of the diffusion model's optimized run
--   trace_name               trace.name
--   model                    trace.model
--   other_trace_id           trace.trace_id of the optimized run of a model from another family
--   other_trace_name         trace.name of the other run
--   other_model              trace.model of the other run
--   other_family             trace.family of the other run
--   predicted                true if the runs are predicted
--   time_low_ratio           see trace: true times are expected to be this times the ones shown, or
--                            more
--   time_high_ratio          and this times them, or less; both NULL if measured
--   scope                    'profile' as recorded | 'request' scaled by component_scale
--   attention_partition      'core' | 'module': what counts as attention
--   attention_speedup        speedup of attention in the diffusion model
--   other_attention_speedup  speedup of attention in the other model
--   attention_ratio          attention_speedup / other_attention_speedup
--   speedup                  speedup of all work in the diffusion model
--   other_speedup            speedup of all work in the other model
--   speedup_ratio            speedup / other_speedup
-- Never:   WHERE trace_id = other_trace_id
-- Plot:    How much more diffusion models gain from fused attention
WITH total AS (
  SELECT
    trace_id,
    scope,
    attention_partition,
    sum(work_ns) AS all_ns,
    sum(if(category = 'attention', work_ns, 0)) AS attention_ns
  FROM category_time
  GROUP BY trace_id, scope, attention_partition
),

gain AS (
  SELECT
    trace.trace_id,
    trace.name AS trace_name,
    trace.model,
    trace.family,
    trace.predicted OR baseline_trace.predicted AS predicted,
    least(trace.time_low_ratio, baseline_trace.time_low_ratio) AS time_low_ratio,
    greatest(trace.time_high_ratio, baseline_trace.time_high_ratio) AS time_high_ratio,
    trace.device_name,
    trace.manifest ->> 'size' AS size,
    optimized.scope,
    optimized.attention_partition,
    baseline.all_ns / nullif(optimized.all_ns, 0) AS speedup,
    baseline.attention_ns / nullif(optimized.attention_ns, 0) AS attention_speedup
  FROM run_pair
  INNER JOIN trace ON run_pair.optimized_trace_id = trace.trace_id
  INNER JOIN trace AS baseline_trace ON run_pair.baseline_trace_id = baseline_trace.trace_id
  INNER JOIN total AS optimized ON run_pair.optimized_trace_id = optimized.trace_id
  INNER JOIN total AS baseline
    ON
      run_pair.baseline_trace_id = baseline.trace_id
      AND optimized.scope = baseline.scope
      AND optimized.attention_partition = baseline.attention_partition
  WHERE run_pair.refusal IS NULL AND trace.family IS NOT NULL
)

SELECT
  diffusion.trace_id,
  diffusion.trace_name,
  diffusion.model,
  other.trace_id AS other_trace_id,
  other.trace_name AS other_trace_name,
  other.model AS other_model,
  other.family AS other_family,
  predicted,
  least(diffusion.time_low_ratio, other.time_low_ratio) AS time_low_ratio,
  greatest(diffusion.time_high_ratio, other.time_high_ratio) AS time_high_ratio,
  scope,
  attention_partition,
  diffusion.attention_speedup,
  other.attention_speedup AS other_attention_speedup,
  diffusion.attention_speedup / nullif(other.attention_speedup, 0) AS attention_ratio,
  diffusion.speedup,
  other.speedup AS other_speedup,
  diffusion.speedup / nullif(other.speedup, 0) AS speedup_ratio
FROM gain AS diffusion
INNER JOIN gain AS other USING (predicted, scope, attention_partition)
WHERE
  diffusion.family = 'diffusion' AND other.family <> 'diffusion'
  AND diffusion.device_name IS NOT DISTINCT FROM other.device_name
  AND diffusion.size IS NOT DISTINCT FROM other.size
ORDER BY scope DESC, attention_partition ASC, attention_ratio DESC
