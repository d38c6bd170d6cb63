-- kineto_finding_host: traps that the host's events, or their absence, give away.
--
-- Why:     without operators, shapes or kernels whole classes of figures can't be had.
-- Grain:   one row per kind of trap that is there
-- Inputs:  kernel, runtime_call, cpu_op, kineto_event, kineto_header
-- Columns:
--   kind         name of the trap
--   count        events it touches
--   example      one of them
WITH nested AS (
  SELECT
    name,
    start_ns,
    start_ns + dur_ns AS end_ns,
    max(start_ns + dur_ns) OVER (
      PARTITION BY process_id, thread_id
      ORDER BY start_ns, dur_ns DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS outer_end_ns
  FROM cpu_op
),

shared AS (
  SELECT correlation_id FROM runtime_call
  WHERE correlation_id IS NOT NULL
  GROUP BY correlation_id
  HAVING count(DISTINCT process_id) > 1
)

SELECT
  'partial_overlap' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM nested
WHERE start_ns < outer_end_ns AND outer_end_ns < end_ns
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
FROM kineto_event
WHERE starts_with(pid, '[')
UNION ALL
SELECT
  'metadata_heavy' AS kind,
  count(*) FILTER (WHERE ph = 'M') AS count,
  count(*) || ' events in all' AS example
FROM kineto_event
HAVING count(*) FILTER (WHERE ph = 'M') > 0.2 * count(*) AND count(*) > 100000
UNION ALL
SELECT
  'one_rank_of_many' AS kind,
  world_size AS count,
  'rank ' || coalesce(rank::VARCHAR, 'unknown') AS example
FROM kineto_header
WHERE world_size > 1
UNION ALL
SELECT
  'device_events_of_others' AS kind,
  count(*) AS count,
  string_agg(DISTINCT cat, ', ' ORDER BY cat) AS example
FROM kineto_event
WHERE role = 'device_other' AND cat <> 'cuda_sync' AND NOT EXISTS (SELECT 1 FROM kernel)
