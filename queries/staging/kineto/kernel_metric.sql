-- kernel_metric: the counters of CUPTI's ranges in a Kineto trace.
--
-- Why:     with CUPTI's range profiler, Kineto writes no kernels but one range per kernel, with its
--          counters as arguments. Their times are made up, so they are no kernels.
-- Grain:   one row per (ordinal, metric); of several values the largest
-- Inputs:  kineto_event, trace_file
-- Columns:
--   trace_id  trace.trace_id
--   ordinal   position among the ranges, from 0
--   name      see kernel_metric
--   metric    as recorded
--   unit      by the metric's name: '%' | 'byte' | 'byte/second' | 'sector' | 'inst' | 'cycle' |
--             'warp' | 'ns' | 'hz'; NULL for another quantity or a ratio
--   value     as recorded; infinite or invalid values are left out
--   start_ns  ns from the trace's base
--   dur_ns    ns
WITH ranges AS (
  SELECT
    name,
    start_ns,
    dur_ns,
    arguments,
    row_number() OVER (ORDER BY start_ns ASC, pid ASC, tid ASC, name ASC, arguments ASC) - 1
      AS ordinal
  FROM kineto_event
  WHERE role = 'counter_range' AND start_ns IS NOT NULL AND json_valid(arguments)
),

measured AS (
  SELECT
    ordinal,
    name,
    start_ns,
    dur_ns,
    unnest(json_keys(arguments)) AS metric,
    try_cast(unnest(try(json_extract(arguments, '$.*'))) AS DOUBLE) AS value
  FROM ranges
)

SELECT
  any_value(file.trace_id) AS trace_id,
  measured.ordinal,
  measured.name,
  measured.metric,
  CASE
    WHEN regexp_matches(measured.metric, '[._]pct(_|$)') THEN '%'
    WHEN contains(measured.metric, '.ratio') THEN NULL
    WHEN regexp_matches(measured.metric, 'bytes?(_|\b).*\.per_second$') THEN 'byte/second'
    WHEN regexp_matches(measured.metric, '__cycles\w*\.\w+\.per_second$') THEN 'hz'
    WHEN contains(measured.metric, '.per_') THEN NULL
    WHEN regexp_matches(measured.metric, '__time_') THEN 'ns'
    WHEN regexp_matches(measured.metric, '__\w*cycles') THEN 'cycle'
    WHEN regexp_matches(measured.metric, '_bytes?(_|\.)') THEN 'byte'
    WHEN regexp_matches(measured.metric, '_sectors?(_|\.)') THEN 'sector'
    WHEN regexp_matches(measured.metric, '_inst_(executed|issued)') THEN 'inst'
    WHEN regexp_matches(measured.metric, '__warps_') THEN 'warp'
  END AS unit,
  max(measured.value) AS value,
  measured.start_ns,
  measured.dur_ns
FROM measured
CROSS JOIN trace_file AS file
WHERE isfinite(measured.value)
GROUP BY measured.ordinal, measured.name, measured.metric, measured.start_ns, measured.dur_ns
