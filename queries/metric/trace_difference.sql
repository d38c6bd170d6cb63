-- trace_difference: where two traces differ, exactly (240 lines because of levels and verdicts).
--
-- Why:     a total hides that one module got slower and another faster. Kernel names differ between
--          vendors and versions; modules and operators are the same in both.
-- Grain:   one row per (level, module, op_name) in any of the traces
-- Inputs:  trace, time_refusal, work_group, work_sum
-- Merge:   trace, time_refusal, work_group, work_sum
-- Needs:   pair
-- Params:
--   first VARCHAR = '*'  glob on the first trace's name; medians if several match
--   second VARCHAR = '*'  glob on the second trace's name; medians if several match
--   floor_ns BIGINT = 100000  smallest difference that is a regression or an improvement, ns
--   tolerance_frac DOUBLE = 0.05  and the smallest share of the first trace's time
-- Key:     level, module, op_name, a_ns, b_ns, difference_ns, verdict
-- Columns:
--   a_trace_id        first trace; the one with the lowest number if there are several
--   b_trace_id        second trace, as a_trace_id
--   level             'total' | 'component' | 'category' | 'operator' | 'module' (module and
--                     operator) | 'kernel' | 'shape' (operator and shapes) | 'step': each level
--                     adds up to the total, with one trace a side
--   module            see work_module, but never a user's range; NULL except at level 'module'
--   op_name           name of the operator, or of the level's component, category, kernel or step,
--                     or the operator with its shapes; 'no step' outside steps
--   present_in        'both' | 'a' | 'b'
--   a_count           work items in the first trace
--   b_count           work items in the second trace
--   a_ns              ns, sum of their durations
--   b_ns              ns, sum of their durations
--   difference_ns     ns, b_ns - a_ns: negative if the second trace is faster
--   a_frac            0..1 of the first trace's work
--   a_alignment_frac  0..1 of the first trace's time at this level that has a key in both
--   b_alignment_frac  0..1 of the second trace's time
--   is_aligned        true at the finest of the levels module, operator and category at which at
--                     least 0.9 of both traces has a key in both
--   predicted         true if the times of a trace are predicted
--   time_low_ratio    see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio   and this times them, or less; both NULL if measured
--   verdict           'regressed' | 'improved' | 'same' | 'new' | 'gone'; with several traces a
--                     side, a change only if their ranges don't touch; NULL if refused
--   chance_frac       0..1, how often chance alone would put all of the second side above the
--                     first, or below it where it is, by the rank-sum test (Mann and Whitney) of
--                     one direction, exactly: m! n! / (m + n)! for m and n traces; NULL if their
--                     ranges touch
--   verdict_refusal   why there are no verdicts; NULL if there are
-- Never:   WHERE difference_ns <> b_ns - a_ns
WITH side AS (
  SELECT trace_id, 'a' AS side FROM trace
  WHERE name GLOB first
  UNION ALL
  SELECT trace_id, 'b' AS side FROM trace
  WHERE name GLOB second
),

keyed AS (
  SELECT
    trace_id,
    unnest(['total', 'component', 'category', 'operator', 'module', 'kernel', 'shape']) AS level,
    unnest([
      '', '', '', '',
      if(module_source IN ('label', 'python_module'), module, 'unattributed'), '', ''
    ]) AS module,
    unnest([
      'all', component, category, op_name, op_name, name, concat_ws(' ', op_name, input_dims)
    ]) AS op_name,
    work_count,
    work_ns
  FROM work_group
  SEMI JOIN side USING (trace_id)
  UNION ALL
  SELECT
    trace_id,
    'step' AS level,
    '' AS module,
    coalesce('step ' || step, 'no step') AS op_name,
    work_count,
    work_ns
  FROM work_sum
  SEMI JOIN side USING (trace_id)
),

summed AS (
  SELECT
    trace_id,
    level,
    module,
    op_name,
    sum(work_count) AS work_count,
    sum(work_ns) AS work_ns
  FROM keyed
  GROUP BY trace_id, level, module, op_name
),

key AS (
  SELECT DISTINCT level, module, op_name FROM summed
),

-- a key that a trace lacks takes it no time
filled AS (
  SELECT
    side.side,
    key.level,
    key.module,
    key.op_name,
    cast(coalesce(summed.work_count, 0) AS BIGINT) AS work_count,
    cast(coalesce(summed.work_ns, 0) AS BIGINT) AS work_ns
  FROM key
  CROSS JOIN side
  LEFT JOIN summed USING (trace_id, level, module, op_name)
),

compared AS (
  SELECT
    level,
    module,
    op_name,
    quantile_disc(work_count, 0.5) FILTER (WHERE side = 'a') AS a_count,
    quantile_disc(work_count, 0.5) FILTER (WHERE side = 'b') AS b_count,
    quantile_disc(work_ns, 0.5) FILTER (WHERE side = 'a') AS a_ns,
    quantile_disc(work_ns, 0.5) FILTER (WHERE side = 'b') AS b_ns,
    b_ns - a_ns AS difference_ns,
    min(work_ns) FILTER (WHERE side = 'b') > max(work_ns) FILTER (WHERE side = 'a') AS is_above,
    max(work_ns) FILTER (WHERE side = 'b') < min(work_ns) FILTER (WHERE side = 'a') AS is_below,
    if(is_above OR is_below, exp(
      lgamma(count(*) FILTER (WHERE side = 'a') + 1)
      + lgamma(count(*) FILTER (WHERE side = 'b') + 1) - lgamma(count(*) + 1)
    ), NULL) AS chance_frac,
    CASE
      WHEN bool_and(work_count = 0) FILTER (WHERE side = 'b') THEN 'a'
      WHEN bool_and(work_count = 0) FILTER (WHERE side = 'a') THEN 'b'
      ELSE 'both'
    END AS present_in
  FROM filled
  GROUP BY level, module, op_name
),

aligned AS (
  SELECT
    level,
    sum(a_ns) FILTER (WHERE present_in = 'both') / nullif(sum(a_ns), 0) AS a_alignment_frac,
    sum(b_ns) FILTER (WHERE present_in = 'both') / nullif(sum(b_ns), 0) AS b_alignment_frac,
    list_position(['module', 'operator', 'category'], level) AS place,
    least(a_alignment_frac, b_alignment_frac) >= 0.9 AS is_enough,
    max(a_ns) FILTER (WHERE level = 'total') AS total_ns,
    greatest(
      sum(a_ns) FILTER (WHERE op_name = 'unattributed') / nullif(sum(a_ns), 0),
      sum(b_ns) FILTER (WHERE op_name = 'unattributed') / nullif(sum(b_ns), 0)
    ) AS unattributed_frac
  FROM compared
  GROUP BY level
),

source AS (
  SELECT trace_id, min(time_source) AS time_source
  FROM work_sum
  GROUP BY trace_id
),

judged AS (
  SELECT
    min(trace_id) FILTER (WHERE side = 'a') AS a_trace_id,
    min(trace_id) FILTER (WHERE side = 'b') AS b_trace_id,
    bool_or(trace.predicted) AS predicted,
    min(trace.time_low_ratio) AS time_low_ratio,
    max(trace.time_high_ratio) AS time_high_ratio,
    CASE
      WHEN count(*) = 2 * count(DISTINCT trace_id)
        THEN 'both sides are the same: name the traces with first and second'
      WHEN count(DISTINCT trace.predicted) > 1 THEN 'some times are predicted, others measured'
      WHEN count(DISTINCT source.time_source) > 1
        THEN 'some times are of operators on the CPU, others of kernels on the GPU'
      WHEN count(DISTINCT trace.device_name) > 1 THEN 'the devices differ'
      WHEN
        string_agg(DISTINCT trace.model, ' ' ORDER BY trace.model) FILTER (WHERE side = 'a')
        <> string_agg(DISTINCT trace.model, ' ' ORDER BY trace.model) FILTER (WHERE side = 'b')
        THEN 'the models differ'
      WHEN count(DISTINCT trace.format) > 1 THEN 'the profilers differ'
      WHEN count(DISTINCT trace.resolution_ns) > 1 THEN 'the resolutions of their clocks differ'
      WHEN count(DISTINCT trace.manifest ->> 'dtype') > 1 THEN 'the data types differ'
      WHEN count(DISTINCT trace.manifest ->> 'batch') > 1 THEN 'the batch sizes differ'
      WHEN max(operator.unattributed_frac) > 0.1
        THEN 'over 10 % of the time of a trace has no operator'
      ELSE min(time_refusal.refusal) FILTER (WHERE NOT trace.predicted)
    END AS refusal
  FROM side
  INNER JOIN trace USING (trace_id)
  INNER JOIN time_refusal USING (trace_id)
  LEFT JOIN source USING (trace_id)
  LEFT JOIN aligned AS operator ON operator.level = 'operator'
),

best AS (
  SELECT min(place) AS place, max(total_ns) AS total_ns
  FROM aligned
  WHERE is_enough OR level = 'total'
)

SELECT
  judged.a_trace_id,
  judged.b_trace_id,
  compared.level,
  nullif(compared.module, '') AS module,
  compared.op_name,
  compared.present_in,
  compared.a_count,
  compared.b_count,
  compared.a_ns,
  compared.b_ns,
  compared.difference_ns,
  compared.a_ns / nullif(best.total_ns, 0) AS a_frac,
  aligned.a_alignment_frac,
  aligned.b_alignment_frac,
  coalesce(aligned.place = best.place, FALSE) AS is_aligned,
  judged.predicted,
  judged.time_low_ratio,
  judged.time_high_ratio,
  CASE
    WHEN judged.refusal IS NOT NULL THEN NULL
    WHEN compared.present_in = 'a' THEN 'gone'
    WHEN compared.present_in = 'b' THEN 'new'
    WHEN abs(compared.difference_ns) <= greatest(floor_ns, tolerance_frac * compared.a_ns)
      THEN 'same'
    WHEN compared.is_above THEN 'regressed'
    WHEN compared.is_below THEN 'improved'
    ELSE 'same'
  END AS verdict,
  if(judged.refusal IS NULL, compared.chance_frac, NULL) AS chance_frac,
  judged.refusal AS verdict_refusal
FROM compared
INNER JOIN aligned USING (level)
CROSS JOIN judged
CROSS JOIN best
WHERE judged.a_trace_id IS NOT NULL AND judged.b_trace_id IS NOT NULL
ORDER BY
  list_position(
    ['total', 'component', 'category', 'operator', 'module', 'kernel', 'shape', 'step'],
    compared.level
  ),
  abs(compared.difference_ns) DESC,
  compared.module,
  compared.op_name
