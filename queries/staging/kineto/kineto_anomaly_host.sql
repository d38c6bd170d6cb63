-- kineto_anomaly_host: anomalies in the host's events, or their absence.
--
-- Why:     without operators, shapes or kernels whole groups of metrics are unavailable.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  kernel, runtime_call, cpu_op, cpu_op_text, kineto_op_overlap, kineto_text,
--          kineto_event_count, kineto_header
-- Columns:
--   kind     see anomaly_kind
--   count    number of affected events
--   example  one of them
WITH shared AS (
  SELECT correlation_id FROM runtime_call
  WHERE
    correlation_id IS NOT NULL
    AND (SELECT count(DISTINCT call.process_id) FROM runtime_call AS call) > 1
  GROUP BY correlation_id
  HAVING count(DISTINCT process_id) > 1
)

SELECT
  'partial_overlap' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM kineto_op_overlap
INNER JOIN cpu_op_text USING (text_id)
UNION ALL
SELECT
  'no_kernel' AS kind,
  count(*) AS count,
  min(name) AS example
FROM runtime_call
WHERE NOT EXISTS (SELECT 1 FROM kernel)
UNION ALL
SELECT
  'no_operator' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM kernel
WHERE NOT EXISTS (SELECT 1 FROM cpu_op)
UNION ALL
SELECT
  'no_shape' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM cpu_op
HAVING count(input_dims) = 0
UNION ALL
SELECT
  'shared_correlation' AS kind,
  count(*) AS count,
  min(correlation_id)::VARCHAR AS example
FROM shared
UNION ALL
SELECT
  'compiled_region' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM cpu_op
WHERE contains(name, 'Compiled')
UNION ALL
SELECT
  'merged_process' AS kind,
  count(DISTINCT pid) AS count,
  min(pid) AS example
FROM kineto_text
WHERE starts_with(pid, '[')
UNION ALL
SELECT
  'metadata_heavy' AS kind,
  sum(event_count) FILTER (WHERE ph = 'M')::BIGINT AS count,
  sum(event_count) || ' events in all' AS example
FROM kineto_event_count
HAVING
  sum(event_count) FILTER (WHERE ph = 'M') > 0.2 * sum(event_count)
  AND sum(event_count) > 100000
UNION ALL
SELECT
  'one_rank_of_many' AS kind,
  world_size AS count,
  'rank ' || coalesce(rank::VARCHAR, 'unknown') AS example
FROM kineto_header
WHERE world_size > 1
