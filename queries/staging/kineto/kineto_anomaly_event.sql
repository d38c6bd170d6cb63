-- kineto_anomaly_event: anomalies in the times and categories of a trace's events.
--
-- Why:     events that are in no table, have no time or were written twice are counted here.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  kineto_event_count, kineto_header, cpu_op, runtime_call
-- Columns:
--   kind     see anomaly_kind
--   count    number of affected events
--   example  one of them, or the categories with their counts
WITH category AS (
  FROM kineto_event_count
  WHERE ph = 'X'
),

tally AS (
  SELECT
    cast(sum(event_count) AS BIGINT) AS event_count,
    coalesce(bool_or(is_fine), TRUE) AS is_fine,
    cast(sum(event_count - timed_count) AS BIGINT) AS untimed_count,
    min(untimed_name) AS untimed_name,
    cast(sum(negative_count) AS BIGINT) AS negative_count,
    min(negative_name) AS negative_name,
    cast(sum(unnumbered_count) FILTER (WHERE role IN ('kernel', 'copy')) AS BIGINT)
      AS unnumbered_count,
    min(unnumbered_name) FILTER (WHERE role IN ('kernel', 'copy')) AS unnumbered_name,
    cast(sum(event_count - module_count) FILTER (WHERE role = 'python') AS BIGINT)
      AS python_count
  FROM category
),

python AS (
  SELECT
    kineto_header.unread_python_count
    + if(kineto_header.python_wanted, 0, coalesce(tally.python_count, 0)) AS event_count
  FROM kineto_header
  CROSS JOIN tally
),

twice AS (
  SELECT
    coalesce(sum(operator_count), 0)::BIGINT - (SELECT count(*) FROM cpu_op) AS op_count,
    coalesce(sum(timed_count) FILTER (WHERE role = 'runtime'), 0)::BIGINT
    - (SELECT count(*) FROM runtime_call) AS call_count
  FROM category
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
  'profiler_overhead' AS kind,
  sum(event_count)::BIGINT AS count,
  sum(total_ns) || ' ns in all' AS example
FROM category
WHERE cat = 'overhead'
UNION ALL
SELECT
  'unknown_category' AS kind,
  sum(event_count)::BIGINT AS count,
  string_agg(coalesce(cat, 'none') || ' ' || event_count, ', ' ORDER BY event_count DESC, cat)[:160]
    AS example
FROM category
WHERE role IS NULL
UNION ALL
SELECT
  'category_without_table' AS kind,
  sum(event_count)::BIGINT AS count,
  string_agg(cat || ' ' || event_count, ', ' ORDER BY event_count DESC, cat)[:160] AS example
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
  'duplicate_host_event' AS kind,
  op_count + call_count AS count,
  op_count || ' operators, ' || call_count || ' calls' AS example
FROM twice
