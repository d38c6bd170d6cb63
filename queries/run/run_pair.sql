-- run_pair: pairs of a baseline and a run that differs from it only in attention.
--
-- Why:     every before-and-after answer uses these pairs. If other settings differ too, the pair
--          is refused and the settings are named. Ranks of a job run the same operators, but none
--          of them comes after another: a rank is paired with the same rank of another run.
-- Grain:   one row per run that has a baseline; a run without a row had nothing to compare with
-- Inputs:  trace, trace_setting
-- Columns:
--   baseline_trace_id   the run with attention 'baseline', else the first ingested run of the
--                       workload
--   optimized_trace_id  the run that is compared with it
--   source              'manifest' (equal settings) | 'operators' (no manifest, equal operators)
--   refusal             settings that differ, such as 'image_size 256 against 512'; NULL if none
-- Never:   GROUP BY optimized_trace_id HAVING count(*) > 1
WITH run AS (
  SELECT
    trace_id,
    any_value(trace.model) AS model,
    any_value(trace.attention) AS attention,
    any_value(trace.rank) AS job_rank,
    bool_or(setting = 'operators') AS by_operators,
    string_agg(setting || '=' || coalesce(value, ''), chr(10) ORDER BY setting) AS setting_key
  FROM trace
  INNER JOIN trace_setting USING (trace_id)
  GROUP BY trace_id
),

ranked AS (
  SELECT
    trace_id,
    model,
    attention,
    by_operators,
    setting_key,
    job_rank,
    row_number() OVER (
      PARTITION BY setting_key, job_rank
      ORDER BY coalesce(attention = 'baseline', FALSE) DESC, trace_id
    ) AS rank
  FROM run
),

matched AS (
  SELECT
    baseline.trace_id AS baseline_trace_id,
    optimized.trace_id AS optimized_trace_id,
    if(optimized.by_operators, 'operators', 'manifest') AS source,
    cast(NULL AS VARCHAR) AS refusal
  FROM ranked AS optimized
  INNER JOIN ranked AS baseline
    ON
      optimized.setting_key = baseline.setting_key
      AND optimized.job_rank IS NOT DISTINCT FROM baseline.job_rank
      AND baseline.rank = 1
  WHERE
    optimized.rank > 1
    AND (optimized.by_operators OR optimized.attention IS DISTINCT FROM baseline.attention)
),

candidate AS (
  SELECT
    baseline.trace_id AS baseline_trace_id,
    optimized.trace_id AS optimized_trace_id
  FROM run AS optimized
  INNER JOIN run AS baseline
    ON
      optimized.model = baseline.model
      AND optimized.job_rank IS NOT DISTINCT FROM baseline.job_rank
      AND baseline.attention = 'baseline'
  ANTI JOIN matched ON optimized.trace_id = matched.optimized_trace_id
  WHERE optimized.attention <> 'baseline'
),

compared AS (
  SELECT
    baseline_trace_id,
    optimized_trace_id,
    setting,
    max(value) FILTER (WHERE trace_id = optimized_trace_id) AS optimized_value,
    max(value) FILTER (WHERE trace_id = baseline_trace_id) AS baseline_value
  FROM candidate
  INNER JOIN trace_setting ON trace_id IN (baseline_trace_id, optimized_trace_id)
  GROUP BY baseline_trace_id, optimized_trace_id, setting
),

refused AS (
  SELECT
    baseline_trace_id,
    optimized_trace_id,
    'manifest' AS source,
    string_agg(
      -- a setting per component is an object, too long for a sentence
      if(
        starts_with(coalesce(optimized_value, baseline_value), '{'),
        setting || ' by component',
        concat_ws(
          ' ', setting, coalesce(optimized_value, 'unset'),
          'against', coalesce(baseline_value, 'unset')
        )
      ),
      '; ' ORDER BY setting
    ) AS refusal
  FROM compared
  WHERE optimized_value IS DISTINCT FROM baseline_value
  GROUP BY baseline_trace_id, optimized_trace_id
  QUALIFY
    row_number() OVER (PARTITION BY optimized_trace_id ORDER BY count(*), baseline_trace_id) = 1
)

SELECT baseline_trace_id, optimized_trace_id, source, refusal FROM matched
UNION ALL
SELECT baseline_trace_id, optimized_trace_id, source, refusal FROM refused
