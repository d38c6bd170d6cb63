-- bottleneck_shift: which category takes the most time before and after attention is optimized.
--
-- Why:     once attention is fast, something else limits the run, and it differs between families
--          of models.
-- Grain:   one row per (trace_id, scope, attention_partition) of a run that has a baseline
-- Inputs:  trace, category_time, run_pair
-- Merge:   trace, trace_setting, category_time
-- Needs:   operator, pair
-- Key:     trace_name, before_category, before_frac, after_category, after_frac, shifted
-- Columns:
--   trace_id               trace.trace_id of the optimized run
--   trace_name             trace.name
--   model                  trace.model
--   family                 trace.family
--   baseline_trace_id      the run it is compared with
--   predicted              true if either run's times are predicted
--   time_low_ratio         see trace: true times are expected to be this times the ones shown, or
--                          more
--   time_high_ratio        and this times them, or less; both NULL if measured
--   scope                  'profile' as recorded | 'request' scaled by component_scale
--   attention_partition    'core' | 'module': what counts as attention
--   before_category        category with the most time in the baseline
--   before_frac            0..1 of the baseline's time
--   before_optimized_frac  0..1, share of before_category in the optimized run
--   after_category         category with the most time in the optimized run
--   after_frac             0..1 of the optimized run's time
--   after_baseline_frac    0..1, share of after_category in the baseline
--   shifted                true if the two categories differ
-- Never:   WHERE shifted <> (before_category <> after_category)
-- Plot:    The largest category before and after optimizing attention
WITH summed AS (
  SELECT
    trace_id,
    scope,
    attention_partition,
    category,
    sum(work_ns) AS work_ns
  FROM category_time
  GROUP BY trace_id, scope, attention_partition, category
),

shared AS (
  SELECT
    trace_id,
    scope,
    attention_partition,
    category,
    work_ns / nullif(sum(work_ns) OVER whole, 0) AS frac,
    row_number() OVER (
      PARTITION BY trace_id, scope, attention_partition ORDER BY work_ns DESC, category
    ) AS rank
  FROM summed
  WINDOW whole AS (PARTITION BY trace_id, scope, attention_partition)
)

SELECT
  run_pair.optimized_trace_id AS trace_id,
  trace.name AS trace_name,
  trace.model,
  trace.family,
  run_pair.baseline_trace_id,
  trace.predicted OR baseline_trace.predicted AS predicted,
  least(trace.time_low_ratio, baseline_trace.time_low_ratio) AS time_low_ratio,
  greatest(trace.time_high_ratio, baseline_trace.time_high_ratio) AS time_high_ratio,
  after_top.scope,
  after_top.attention_partition,
  before_top.category AS before_category,
  before_top.frac AS before_frac,
  coalesce(before_later.frac, 0) AS before_optimized_frac,
  after_top.category AS after_category,
  after_top.frac AS after_frac,
  coalesce(after_earlier.frac, 0) AS after_baseline_frac,
  before_top.category <> after_top.category AS shifted
FROM run_pair
INNER JOIN trace ON run_pair.optimized_trace_id = trace.trace_id
INNER JOIN trace AS baseline_trace ON run_pair.baseline_trace_id = baseline_trace.trace_id
INNER JOIN shared AS after_top
  ON run_pair.optimized_trace_id = after_top.trace_id AND after_top.rank = 1
INNER JOIN shared AS before_top
  ON
    run_pair.baseline_trace_id = before_top.trace_id
    AND after_top.scope = before_top.scope
    AND after_top.attention_partition = before_top.attention_partition
    AND before_top.rank = 1
LEFT JOIN shared AS before_later
  ON
    run_pair.optimized_trace_id = before_later.trace_id
    AND before_top.scope = before_later.scope
    AND before_top.attention_partition = before_later.attention_partition
    AND before_top.category = before_later.category
LEFT JOIN shared AS after_earlier
  ON
    run_pair.baseline_trace_id = after_earlier.trace_id
    AND after_top.scope = after_earlier.scope
    AND after_top.attention_partition = after_earlier.attention_partition
    AND after_top.category = after_earlier.category
WHERE run_pair.refusal IS NULL
ORDER BY run_pair.optimized_trace_id ASC, after_top.scope DESC, after_top.attention_partition ASC
