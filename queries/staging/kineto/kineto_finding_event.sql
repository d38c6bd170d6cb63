-- kineto_finding_event: traps in the times and categories of a trace's events.
--
-- Why:     what is in no table is counted here, and so is what has no usable time.
-- Grain:   one row per kind of trap that is there
-- Inputs:  kineto_event, kineto_header
-- Columns:
--   kind         name of the trap
--   count        events it touches
--   example      one of them, or the categories with their counts
WITH complete AS (
  SELECT
    cat,
    role,
    name,
    start_ns,
    recorded_dur_ns,
    recorded_correlation_id
  FROM kineto_event
  WHERE ph = 'X'
),

clock AS (
  SELECT
    count(*) AS event_count,
    approx_quantile(start_ns, 0.5) AS middle_ns,
    coalesce(bool_or(start_ns % 1000 <> 0 OR recorded_dur_ns % 1000 <> 0), TRUE) AS is_fine
  FROM complete
),

category AS (
  SELECT
    cat,
    role,
    count(*) AS event_count,
    sum(recorded_dur_ns) AS total_ns
  FROM complete
  GROUP BY cat, role
),

python AS (
  SELECT
    max(header.unread_python_count) + count(*) FILTER (
      WHERE NOT header.python_wanted AND NOT starts_with(complete.name, 'nn.Module: ')
    ) AS event_count
  FROM kineto_header AS header
  LEFT JOIN complete ON complete.role = 'python'
)

SELECT
  'whole_microseconds' AS kind,
  event_count AS count,
  NULL AS example
FROM clock
WHERE NOT is_fine
UNION ALL
SELECT
  'no_timestamp' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM complete
WHERE start_ns IS NULL
UNION ALL
SELECT
  'negative_duration' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM complete
WHERE recorded_dur_ns < 0
UNION ALL
SELECT
  'outlier_time' AS kind,
  count(*) AS count,
  min(complete.name)[:120] AS example
FROM complete CROSS JOIN clock
WHERE
  complete.role <> 'span'
  AND (
    complete.recorded_dur_ns > 86400000000000
    OR abs(complete.start_ns - clock.middle_ns) > 86400000000000
  )
UNION ALL
SELECT
  'profiler_overhead' AS kind,
  sum(event_count)::BIGINT AS count,
  sum(total_ns) || ' ns in all' AS example
FROM category
WHERE cat = 'overhead'
UNION ALL
SELECT
  'unknown_category' AS kind,
  sum(event_count)::BIGINT AS count,
  string_agg(coalesce(cat, 'none') || ' ' || event_count, ', ' ORDER BY event_count DESC)[:160]
    AS example
FROM category
WHERE role IS NULL
UNION ALL
SELECT
  'category_without_table' AS kind,
  sum(event_count)::BIGINT AS count,
  string_agg(cat || ' ' || event_count, ', ' ORDER BY event_count DESC)[:160] AS example
FROM category
WHERE role IN ('host_other', 'device_other') AND cat <> 'overhead'
UNION ALL
SELECT
  'left_out_python' AS kind,
  event_count AS count,
  NULL AS example
FROM python
WHERE event_count > 0
UNION ALL
SELECT
  'negative_correlation' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM complete
WHERE role IN ('kernel', 'copy') AND recorded_correlation_id < 0
