-- operator_breakdown: device time by category, next to the baseline run's total.
--
-- Why:     shows what a model spends its time on, and what is left to gain once attention is fast.
-- Grain:   one row per (trace_id, scope, attention_partition, category)
-- Inputs:  trace, category_time, run_pair
-- Merge:   trace, trace_setting, category_time
-- Needs:   work
-- Key:     trace_name, category, work_count, work_ns, work_frac, flops, costed_frac, baseline_frac
-- Columns:
--   trace_id             trace.trace_id
--   trace_name           trace.name
--   model                trace.model
--   attention            trace.attention
--   time_source          'gpu' | 'cpu' | 'predicted': where the times come from
--   time_low_ratio       see trace: true times are expected to be this times the ones shown, or
--                        more
--   time_high_ratio      and this times them, or less; both NULL if measured
--   scope                'profile' as recorded | 'request' scaled by component_scale
--   attention_partition  'core' (QK^T, softmax, AV) | 'module' (projections too)
--   category             see work_category
--   work_count           work items recorded
--   work_ns              ns, sum of durations; concurrent work counts twice
--   work_frac            0..1 of the trace's work_ns
--   flops                FLOPs of the operators with known shapes; NULL if there are none
--   bytes                bytes read and written by them; NULL if there are none
--   costed_frac          0..1 of work_ns whose FLOPs are known; flops and bytes cover no more
--   baseline_trace_id    the run it is compared with, itself for a baseline; NULL if there is none
--   baseline_frac        work_ns divided by the baseline's total work_ns; NULL without a baseline
-- Never:   GROUP BY trace_id, scope, attention_partition HAVING abs(sum(work_frac) - 1) > 1e-9
-- Plot:    Time by category
WITH total AS (
  SELECT
    trace_id,
    scope,
    sum(work_ns) AS trace_ns
  FROM category_time
  WHERE attention_partition = 'core'
  GROUP BY trace_id, scope
),

compared AS (
  SELECT
    optimized_trace_id AS trace_id,
    baseline_trace_id
  FROM run_pair
  WHERE refusal IS NULL
  UNION
  SELECT
    baseline_trace_id AS trace_id,
    baseline_trace_id
  FROM run_pair
  WHERE refusal IS NULL
)

SELECT
  category_time.trace_id,
  any_value(trace.name) AS trace_name,
  any_value(trace.model) AS model,
  any_value(trace.attention) AS attention,
  any_value(category_time.time_source) AS time_source,
  any_value(trace.time_low_ratio) AS time_low_ratio,
  any_value(trace.time_high_ratio) AS time_high_ratio,
  category_time.scope,
  category_time.attention_partition,
  category_time.category,
  try_cast(sum(category_time.work_count) AS BIGINT) AS work_count,
  try_cast(sum(category_time.work_ns) AS BIGINT) AS work_ns,
  sum(category_time.work_ns) / nullif(any_value(total.trace_ns), 0) AS work_frac,
  try_cast(sum(category_time.flops) AS BIGINT) AS flops,
  try_cast(sum(category_time.bytes) AS BIGINT) AS bytes,
  sum(category_time.costed_ns) / nullif(sum(category_time.work_ns), 0) AS costed_frac,
  any_value(compared.baseline_trace_id) AS baseline_trace_id,
  sum(category_time.work_ns) / nullif(any_value(baseline.trace_ns), 0) AS baseline_frac
FROM category_time
INNER JOIN trace USING (trace_id)
INNER JOIN total USING (trace_id, scope)
LEFT JOIN compared USING (trace_id)
LEFT JOIN total AS baseline
  ON compared.baseline_trace_id = baseline.trace_id AND category_time.scope = baseline.scope
GROUP BY
  category_time.trace_id, category_time.scope, category_time.attention_partition,
  category_time.category
ORDER BY
  category_time.trace_id ASC, category_time.scope DESC, category_time.attention_partition ASC,
  work_ns DESC
