-- kineto_anomaly_time: events with impossible times, above all kernels and copies.
--
-- Why:     one kernel at the beginning of 1970 makes a span of decades and an idle share of 100 %.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  kineto_event_count, kineto_event
-- Columns:
--   kind     see anomaly_kind
--   count    number of affected events
--   example  one of them
WITH category AS (
  FROM kineto_event_count
  WHERE ph = 'X'
),

-- look at each event only if some are a day long or a day apart
spread AS (
  SELECT count(*) AS category_count
  FROM category
  HAVING
    max(longest_ns) > 86400000000000
    OR max(last_ns::HUGEINT) - min(first_ns) > 86400000000000
),

middle AS (
  SELECT approx_quantile(start_ns, 0.5) AS middle_ns
  FROM kineto_event CROSS JOIN spread
  WHERE ph = 'X' AND (start_ns <> 0 OR recorded_dur_ns <> 0)
  HAVING count(*) > 0
),

outlier AS (
  SELECT event.role IN ('kernel', 'copy') AS is_work, event.name[:120] AS name
  FROM kineto_event AS event CROSS JOIN middle
  WHERE
    event.ph = 'X'
    AND event.role <> 'span'
    AND (event.start_ns <> 0 OR event.recorded_dur_ns <> 0)
    AND (
      event.recorded_dur_ns > 86400000000000
      OR abs(event.start_ns::HUGEINT - middle.middle_ns) > 86400000000000
    )
)

SELECT
  'outlier_time' AS kind,
  count(*) AS count,
  min(name) AS example
FROM outlier
UNION ALL
SELECT
  'outlier_work' AS kind,
  count(*) AS count,
  min(name) AS example
FROM outlier
WHERE is_work
UNION ALL
SELECT
  'untimed_work' AS kind,
  cast(sum(endless_count) AS BIGINT) AS count,
  min(endless_name)[:120] AS example
FROM category
WHERE role IN ('kernel', 'copy')
UNION ALL
SELECT
  'zero_time' AS kind,
  cast(sum(zero_count) AS BIGINT) AS count,
  min(zero_name)[:120] AS example
FROM category
WHERE role <> 'span'
