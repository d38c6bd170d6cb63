-- image_size_scaling: time of each category by image side (125 lines because of its columns).
--
-- Why:     attention scores grow with the fourth power of the side, convolutions with the second.
-- Grain:   one row per (trace_id, scope, attention_partition, category) of runs with an image size
-- Inputs:  trace, category_time
-- Merge:   trace, category_time
-- Needs:   operator, shape, pair
-- Key:     trace_name, category, image_size, work_ns, time_exponent, flops_exponent,
--          crossover_size
-- Columns:
--   trace_id             trace.trace_id
--   trace_name           trace.name
--   model                trace.model
--   attention            trace.attention
--   predicted            trace.predicted
--   time_low_ratio       see trace: true times are expected to be this times the ones shown, or
--                        more
--   time_high_ratio      and this times them, or less; both NULL if measured
--   scope                'profile' as recorded | 'request' scaled by component_scale
--   attention_partition  'core' | 'module': what counts as attention
--   image_size           image side in pixels
--   category             see work_category
--   work_ns              ns, sum of durations
--   flops                FLOPs from shapes; NULL if unknown
--   size_count           image sizes in the series, whose runs are equal in all other settings
--   time_exponent        slope of log(work_ns) over log(image_size); NULL for a single size
--   flops_exponent       slope of log(flops) over log(image_size); NULL for a single size
--   crossover_size       image side in pixels from which attention takes longer than convolution;
--                        NULL if there is none
-- Never:   GROUP BY trace_id, scope, attention_partition, category HAVING count(*) > 1
-- Plot:    Time of each category by image size
WITH run AS (
  SELECT
    trace_id,
    try_cast(manifest ->> 'image_size' AS INTEGER) AS image_size,
    concat_ws(
      ' ', model, manifest ->> 'variant', attention, profiler, device_name, manifest ->> 'size',
      manifest ->> 'dtype', manifest ->> 'batch', manifest ->> 'guidance', manifest ->> 'frames',
      manifest ->> 'prompt_tokens', manifest ->> 'steps_profiled', manifest ->> 'steps_full'
    ) AS series
  FROM trace
  WHERE try_cast(manifest ->> 'image_size' AS INTEGER) > 0
),

summed AS (
  SELECT
    trace_id,
    run.series,
    run.image_size,
    category_time.scope,
    category_time.attention_partition,
    category_time.category,
    sum(category_time.work_ns) AS work_ns,
    sum(category_time.flops) AS flops
  FROM category_time
  INNER JOIN run USING (trace_id)
  GROUP BY
    trace_id, run.series, run.image_size, category_time.scope, category_time.attention_partition,
    category_time.category
),

-- log of attention over convolution: it changes sign where both take equally long
balance AS (
  SELECT
    series,
    scope,
    attention_partition,
    ln(image_size) AS log_size,
    ln(sum(work_ns) FILTER (WHERE category = 'attention'))
    - ln(sum(work_ns) FILTER (WHERE category = 'convolution')) AS log_ratio
  FROM summed
  WHERE work_ns > 0
  GROUP BY series, scope, attention_partition, image_size
),

following AS (
  SELECT
    *,
    lead(log_size) OVER by_size AS next_size,
    lead(log_ratio) OVER by_size AS next_ratio
  FROM balance
  WINDOW by_size AS (PARTITION BY series, scope, attention_partition ORDER BY log_size)
),

crossover AS (
  SELECT
    series,
    scope,
    attention_partition,
    try_cast(round(min(
      exp(log_size - log_ratio * (next_size - log_size) / (next_ratio - log_ratio))
    )) AS INTEGER) AS crossover_size
  FROM following
  WHERE log_ratio <= 0 AND next_ratio > 0
  GROUP BY series, scope, attention_partition
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.model,
  trace.attention,
  trace.predicted,
  trace.time_low_ratio,
  trace.time_high_ratio,
  scope,
  attention_partition,
  summed.image_size,
  summed.category,
  try_cast(summed.work_ns AS BIGINT) AS work_ns,
  try_cast(summed.flops AS BIGINT) AS flops,
  count(DISTINCT summed.image_size) OVER growth AS size_count,
  round(
    nullif(regr_slope(ln(nullif(summed.work_ns, 0)), ln(summed.image_size)) OVER growth, 'nan'), 6
  ) AS time_exponent,
  round(
    nullif(regr_slope(ln(nullif(summed.flops, 0)), ln(summed.image_size)) OVER growth, 'nan'), 6
  ) AS flops_exponent,
  crossover.crossover_size
FROM summed
INNER JOIN trace USING (trace_id)
LEFT JOIN crossover USING (series, scope, attention_partition)
WINDOW growth AS (PARTITION BY series, scope, attention_partition, summed.category)
ORDER BY
  series ASC, scope DESC, summed.category ASC, attention_partition ASC, summed.image_size ASC
