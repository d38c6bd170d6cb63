-- family_contrast: how the time shares of categories differ between families of models.
--
-- Why:     convolution and group norm dominate in diffusion models, linear layers in transformers.
--          Pixel diffusion has no latent space, so its convolutions run at full resolution.
-- Grain:   one row per (model_group, attention, predicted, device_name, scope, attention_partition,
--          category)
-- Inputs:  trace, category_time
-- Merge:   trace, category_time
-- Needs:   pair
-- Key:     model_group, attention, category, trace_count, mean_frac, min_frac, max_frac
-- Columns:
--   model_group          'pixel diffusion' | 'latent diffusion' (it has a component vae) | the
--                        manifest's other families
--   attention            trace.attention
--   predicted            trace.predicted
--   time_low_ratio       see trace: true times are expected to be this times the ones shown, or
--                        more
--   time_high_ratio      and this times them, or less; both NULL if measured
--   device_name          trace.device_name
--   scope                'profile' as recorded | 'request' scaled by component_scale
--   attention_partition  'core' | 'module': what counts as attention
--   category             see work_category
--   model_count          models in the group
--   trace_count          runs in the group
--   mean_frac            0..1, mean over the runs of the category's share of a run
--   min_frac             0..1, smallest share
--   max_frac             0..1, largest share
-- Never:   WHERE min_frac > mean_frac + 1e-9 OR mean_frac > max_frac + 1e-9
-- Plot:    Time share of each category by family of models
WITH run AS (
  SELECT
    trace_id,
    any_value(trace.model) AS model,
    any_value(trace.attention) AS attention,
    any_value(trace.predicted) AS predicted,
    any_value(trace.time_low_ratio) AS time_low_ratio,
    any_value(trace.time_high_ratio) AS time_high_ratio,
    any_value(trace.device_name) AS device_name,
    CASE
      WHEN any_value(trace.family) <> 'diffusion' THEN any_value(trace.family)
      WHEN bool_or(category_time.component = 'vae') THEN 'latent diffusion'
      ELSE 'pixel diffusion'
    END AS model_group
  FROM trace
  INNER JOIN category_time USING (trace_id)
  WHERE trace.family IS NOT NULL
  GROUP BY trace_id
),

shared AS (
  SELECT
    trace_id,
    scope,
    attention_partition,
    category,
    sum(work_ns)
    / nullif(sum(sum(work_ns)) OVER (PARTITION BY trace_id, scope, attention_partition), 0) AS frac
  FROM category_time
  GROUP BY trace_id, scope, attention_partition, category
),

-- a run without a category counts as 0, so that means over runs stay comparable
slot AS (
  SELECT DISTINCT
    run.trace_id,
    run.model_group,
    run.model,
    run.attention,
    run.predicted,
    run.time_low_ratio,
    run.time_high_ratio,
    run.device_name,
    peer.scope,
    peer.attention_partition,
    peer.category
  FROM run
  INNER JOIN run AS other
    ON
      run.model_group = other.model_group
      AND run.attention IS NOT DISTINCT FROM other.attention
      AND run.predicted = other.predicted
      AND run.device_name IS NOT DISTINCT FROM other.device_name
  INNER JOIN shared AS peer ON other.trace_id = peer.trace_id
)

SELECT
  slot.model_group,
  slot.attention,
  slot.predicted,
  min(slot.time_low_ratio) AS time_low_ratio,
  max(slot.time_high_ratio) AS time_high_ratio,
  slot.device_name,
  slot.scope,
  slot.attention_partition,
  slot.category,
  count(DISTINCT slot.model) AS model_count,
  count(*) AS trace_count,
  avg(coalesce(shared.frac, 0)) AS mean_frac,
  min(coalesce(shared.frac, 0)) AS min_frac,
  max(coalesce(shared.frac, 0)) AS max_frac
FROM slot
LEFT JOIN shared USING (trace_id, scope, attention_partition, category)
GROUP BY
  slot.model_group, slot.attention, slot.predicted, slot.device_name, slot.scope,
  slot.attention_partition, slot.category
ORDER BY
  slot.model_group ASC, slot.attention ASC, slot.predicted ASC, slot.device_name ASC,
  slot.scope DESC, slot.attention_partition ASC,
  mean_frac DESC
