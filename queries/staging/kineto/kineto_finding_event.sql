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

tally AS (
  SELECT
    count(*) AS event_count,
    approx_quantile(start_ns, 0.5) AS middle_ns,
    coalesce(bool_or(start_ns % 1000 <> 0 OR recorded_dur_ns % 1000 <> 0), TRUE) AS is_fine,
    count(*) FILTER (WHERE start_ns IS NULL) AS untimed_count,
    min(name) FILTER (WHERE start_ns IS NULL) AS untimed_name,
    count(*) FILTER (WHERE recorded_dur_ns < 0) AS negative_count,
    min(name) FILTER (WHERE recorded_dur_ns < 0) AS negative_name,
    count(*) FILTER (WHERE role IN ('kernel', 'copy') AND recorded_correlation_id < 0)
      AS unnumbered_count,
    min(name) FILTER (WHERE role IN ('kernel', 'copy') AND recorded_correlation_id < 0)
      AS unnumbered_name,
    count(*) FILTER (WHERE role = 'python' AND NOT starts_with(name, 'nn.Module: '))
      AS python_count
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
  SELECT unread_python_count + if(python_wanted, 0, python_count) AS event_count
  FROM kineto_header
  CROSS JOIN tally
)

SELECT
  'whole_microseconds' AS kind,
  event_count AS count,
  NULL AS example
FROM tally
WHERE NOT is_fine
UNION ALL
SELECT
  'no_timestamp' AS kind,
  untimed_count AS count,
  untimed_name[:120] AS example
FROM tally
UNION ALL
SELECT
  'negative_duration' AS kind,
  negative_count AS count,
  negative_name[:120] AS example
FROM tally
UNION ALL
SELECT
  'negative_correlation' AS kind,
  unnumbered_count AS count,
  unnumbered_name[:120] AS example
FROM tally
UNION ALL
SELECT
  'outlier_time' AS kind,
  count(*) AS count,
  min(complete.name)[:120] AS example
FROM complete CROSS JOIN tally
WHERE
  complete.role <> 'span'
  AND (
    complete.recorded_dur_ns > 86400000000000
    OR abs(complete.start_ns - tally.middle_ns) > 86400000000000
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
