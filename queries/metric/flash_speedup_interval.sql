-- flash_speedup_interval: interval of a speedup over repeated runs (121 lines because of ranks).
--
-- Why:     two runs also differ by chance. The speedup is the median of the m * n ratios (Hodges,
--          Lehmann). By the rank-sum test (Mann and Whitney) the k-th smallest and largest ratio
--          enclose the true one with probability 1 - 2 P(U < k); k: the largest with 95 %, else 1.
-- Grain:   one row per (trace_id, quantity) of runs with equal settings and several measurements
-- Inputs:  trace, run_measurement
-- Merge:   trace, trace_setting, category_time
-- Needs:   pair
-- Key:     trace_name, baseline_trace_name, quantity, speedup, speedup_low, speedup_high
-- Columns:
--   trace_id             trace.trace_id of the first optimized run
--   trace_name           trace.name
--   model                trace.model
--   attention            trace.attention
--   baseline_trace_id    trace.trace_id of the first baseline run
--   baseline_trace_name  trace.name of the first baseline run
--   quantity             see run_measurement: 'request' | 'attention_core' | 'attention_module' |
--                        'wall'; all of them are measured
--   baseline_count       m, measurements of the baseline
--   optimized_count      n, measurements of the optimized side
--   baseline_ns          ns, median
--   optimized_ns         ns, median
--   speedup              median of the ratios, baseline divided by optimized
--   speedup_low          lower end of the interval
--   speedup_high         upper end of the interval
--   confidence_frac      0..1, how often such an interval contains the true speedup
-- Never:   WHERE speedup < speedup_low OR speedup > speedup_high
-- Plot:    Speedup from another attention backend with its confidence interval
WITH RECURSIVE side AS (
  SELECT
    setting_digest,
    attention,
    quantity,
    min(measured_trace_id) AS trace_id,
    list(measured_ns) AS samples
  FROM run_measurement
  GROUP BY setting_digest, attention, quantity
),

pair AS (
  SELECT
    optimized.trace_id,
    baseline.trace_id AS baseline_trace_id,
    quantity,
    len(baseline.samples) AS m,
    len(optimized.samples) AS n,
    try_cast(list_median(baseline.samples) AS BIGINT) AS baseline_ns,
    try_cast(list_median(optimized.samples) AS BIGINT) AS optimized_ns,
    list_sort(flatten(list_transform(
      baseline.samples,
      LAMBDA before: list_transform(optimized.samples, LAMBDA after: before / after)
    ))) AS ratios
  FROM side AS optimized
  INNER JOIN side AS baseline USING (setting_digest, quantity)
  WHERE
    baseline.attention = 'baseline' AND optimized.attention <> 'baseline'
    AND len(baseline.samples) * len(optimized.samples) > 1
),

-- number of orderings of m + n measurements in which U is u: a Gaussian binomial coefficient, the
-- product of (1 - q^(n + i)) / (1 - q^i) for i = 1..m
arrangement AS (
  SELECT DISTINCT
    m,
    n,
    0 AS factor,
    unnest(range(m * n + 1)) AS u,
    unnest(list_resize([1.0::DOUBLE], m * n + 1, 0.0)) AS ways
  FROM pair
  UNION ALL
  SELECT
    m,
    n,
    factor + 1 AS factor,
    u,
    sum(change) OVER (PARTITION BY m, n, u % (factor + 1) ORDER BY u) AS ways
  FROM (
    SELECT
      *,
      ways - lag(ways, n + factor + 1, 0.0) OVER (PARTITION BY m, n ORDER BY u) AS change
    FROM arrangement
    WHERE factor < m
  ) AS factored
),

-- the largest k whose interval has a confidence of 95 % or more
bound AS (
  SELECT
    m,
    n,
    u + 1 AS k,
    1 - 2 * sum(ways) OVER (size ORDER BY u) / sum(ways) OVER size AS confidence_frac
  FROM arrangement
  WHERE factor = m
  WINDOW size AS (PARTITION BY m, n)
  QUALIFY k = 1 OR confidence_frac >= 0.95
)

SELECT
  pair.trace_id,
  trace.name AS trace_name,
  trace.model,
  trace.attention,
  pair.baseline_trace_id,
  baseline_trace.name AS baseline_trace_name,
  pair.quantity,
  m AS baseline_count,
  n AS optimized_count,
  pair.baseline_ns,
  pair.optimized_ns,
  list_median(pair.ratios) AS speedup,
  pair.ratios[bound.k] AS speedup_low,
  pair.ratios[-bound.k] AS speedup_high,
  bound.confidence_frac
FROM pair
INNER JOIN bound USING (m, n)
INNER JOIN trace ON pair.trace_id = trace.trace_id
INNER JOIN trace AS baseline_trace ON pair.baseline_trace_id = baseline_trace.trace_id
QUALIFY bound.k = max(bound.k) OVER (PARTITION BY pair.trace_id, pair.quantity)
ORDER BY pair.trace_id, pair.quantity
