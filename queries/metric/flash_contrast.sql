-- flash_contrast: what fused attention gains in diffusion models over what it gains in others.
--
-- Why:     diffusion asks with thousands of rows at once, like a prompt's prefill, token decoders
--          with one; so the same kernel is worth more to the former. Compared are runs of one
--          device and size, predicted ones with predicted ones only.
-- Grain:   one row per (trace_id, other_trace_id, scope, attention_partition)
-- Inputs:  trace, category_time, run_pair
-- Needs:   pair
-- Columns:
--   trace_id                 trace.trace_id, the optimized run of a diffusion model
--   trace_name               trace.name
--   model                    trace.model
--   other_trace_id           the optimized run of a model of another family
--   other_trace_name         its trace.name
--   other_model              its trace.model
--   other_family             its trace.family
--   predicted                true if the runs are predicted
--   scope                    'profile' as recorded | 'request' scaled by component_scale
--   attention_partition      'core' | 'module': what counts as attention
--   attention_speedup        of attention, diffusion model
--   other_attention_speedup  of attention, other model
--   attention_ratio          attention_speedup / other_attention_speedup
--   speedup                  of all work, diffusion model
--   other_speedup            of all work, other model
--   speedup_ratio            speedup / other_speedup
-- Never:   WHERE trace_id = other_trace_id
-- Plot:    Gain by fused attention, diffusion models over the others
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
