-- operator_shift: how much time each category gained or lost between two runs.
--
-- Why:     a faster attention kernel can cost extra conversions around it; only the sum over all
--          categories shows the net gain.
-- Grain:   one row per (trace_id, scope, attention_partition, category) of a run with a baseline
-- Inputs:  trace, category_time, run_pair
-- Merge:   trace, trace_setting, category_time
-- Needs:   operator, pair
-- Key:     trace_name, category, baseline_ns, optimized_ns, change_ns, baseline_frac,
--          optimized_frac
-- Columns:
--   trace_id             trace.trace_id of the optimized run
--   trace_name           trace.name
--   model                trace.model
--   baseline_trace_id    the run it is compared with
--   baseline_trace_name  trace.name of the baseline
--   predicted            true if either run's times are predicted
--   time_low_ratio       see trace: true times are expected to be this times the ones shown, or
--                        more
--   time_high_ratio      and this times them, or less; both NULL if measured
--   scope                'profile' as recorded | 'request' scaled by component_scale
--   attention_partition  'core' | 'module': what counts as attention
--   category             see work_category
--   baseline_count       work items recorded in the baseline; 0 if the category does not occur
--                        there
--   optimized_count      work items recorded in the optimized run; 0 if the category does not occur
--                        there
--   baseline_ns          ns in the baseline
--   optimized_ns         ns in the optimized run
--   change_ns            ns, optimized_ns - baseline_ns; negative is time saved
--   baseline_frac        0..1 of the baseline's time
--   optimized_frac       0..1 of the optimized run's time
--   normalized_frac      optimized_ns divided by the baseline's total time
-- Never:   GROUP BY trace_id, scope, attention_partition
--          HAVING abs(sum(optimized_frac) - 1) > 1e-9
-- Plot:    Time saved and added by category
WITH side AS (
  SELECT
    run_pair.optimized_trace_id,
    run_pair.baseline_trace_id,
    category_time.scope,
    category_time.attention_partition,
    category_time.category,
    category_time.trace_id = run_pair.baseline_trace_id AS is_baseline,
    category_time.work_count,
    category_time.work_ns
  FROM run_pair
  INNER JOIN category_time
    ON category_time.trace_id IN (run_pair.baseline_trace_id, run_pair.optimized_trace_id)
  WHERE run_pair.refusal IS NULL
),

joined AS (
  SELECT
    optimized_trace_id,
    baseline_trace_id,
    scope,
    attention_partition,
    category,
    try_cast(sum(if(is_baseline, work_count, 0)) AS BIGINT) AS baseline_count,
    try_cast(sum(if(is_baseline, 0, work_count)) AS BIGINT) AS optimized_count,
    try_cast(sum(if(is_baseline, work_ns, 0)) AS BIGINT) AS baseline_ns,
    try_cast(sum(if(is_baseline, 0, work_ns)) AS BIGINT) AS optimized_ns
  FROM side
  GROUP BY optimized_trace_id, baseline_trace_id, scope, attention_partition, category
)

SELECT
  joined.optimized_trace_id AS trace_id,
  trace.name AS trace_name,
  trace.model,
  joined.baseline_trace_id,
  baseline_trace.name AS baseline_trace_name,
  trace.predicted OR baseline_trace.predicted AS predicted,
  least(trace.time_low_ratio, baseline_trace.time_low_ratio) AS time_low_ratio,
  greatest(trace.time_high_ratio, baseline_trace.time_high_ratio) AS time_high_ratio,
  joined.scope,
  joined.attention_partition,
  joined.category,
  joined.baseline_count,
  joined.optimized_count,
  joined.baseline_ns,
  joined.optimized_ns,
  joined.optimized_ns - joined.baseline_ns AS change_ns,
  joined.baseline_ns / nullif(sum(joined.baseline_ns) OVER pair, 0) AS baseline_frac,
  joined.optimized_ns / nullif(sum(joined.optimized_ns) OVER pair, 0) AS optimized_frac,
  joined.optimized_ns / nullif(sum(joined.baseline_ns) OVER pair, 0) AS normalized_frac
FROM joined
INNER JOIN trace ON joined.optimized_trace_id = trace.trace_id
INNER JOIN trace AS baseline_trace ON joined.baseline_trace_id = baseline_trace.trace_id
WINDOW
  pair AS (PARTITION BY joined.optimized_trace_id, joined.scope, joined.attention_partition)
ORDER BY
  joined.optimized_trace_id ASC, joined.scope DESC, joined.attention_partition ASC, change_ns ASC,
  joined.category ASC
