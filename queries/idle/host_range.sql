-- host_range: how long ranges of one name were open, and how much of it their processes covered.
--
-- Why:     a trace has millions of operators and calls, and few names of ranges.
-- Grain:   one row per (trace_id, kind, name) of labelled_range in a process of host_span
-- Inputs:  labelled_range, host_stretch, interval_union
-- From:    labelled_range
-- Columns:
--   trace_id     trace.trace_id
--   kind         see labelled_range
--   name         see labelled_range
--   range_count  ranges, in all processes and threads
--   range_ns     ns in which one of them was open, added up over processes; NULL beyond int64, as
--                the next two
--   covered_ns   ns of it in which the process ran operators or calls, on any thread
--   wait_ns      ns of it in which one of the process's threads waited for a device
-- Never:   WHERE NOT (0 <= wait_ns AND wait_ns <= covered_ns AND covered_ns <= range_ns)
WITH process AS (
  SELECT DISTINCT trace_id, process_id FROM host_stretch
),

labelled AS (
  FROM labelled_range SEMI JOIN process USING (trace_id, process_id)
),

counted AS (
  SELECT trace_id, kind, name, count(*) AS range_count FROM labelled
  GROUP BY trace_id, kind, name
),

named AS (
  SELECT trace_id, start_ns, end_ns, json_array(process_id, kind, name)::VARCHAR AS track
  FROM labelled
),

opened AS (
  FROM interval_union('named')
),

edge AS (
  SELECT *, track ->> 0 AS process_id, unnest([end_ns, start_ns]) AS at_ns, unnest([1, -1]) AS sign
  FROM (SELECT *, unnest(['any', 'wait']) AS cover FROM opened) AS covered
),

-- the covered time up to the end, less that up to the start
met AS (
  SELECT
    edge.trace_id,
    edge.track,
    edge.cover,
    sum(edge.sign * (
      host_stretch.before_ns + least(edge.at_ns, host_stretch.end_ns) - host_stretch.start_ns
    )) AS covered_ns
  FROM edge
  ASOF INNER JOIN host_stretch
    ON
      edge.trace_id = host_stretch.trace_id
      AND edge.process_id = host_stretch.process_id
      AND edge.cover = host_stretch.cover
      AND edge.at_ns >= host_stretch.start_ns
  GROUP BY edge.trace_id, edge.track, edge.cover
),

part AS (
  FROM met
  UNION ALL
  SELECT trace_id, track, 'open' AS cover, end_ns - start_ns AS covered_ns FROM opened
),

summed AS (
  SELECT
    trace_id,
    track ->> 1 AS kind,
    track ->> 2 AS name,
    sum(covered_ns) FILTER (cover = 'open') AS range_ns,
    coalesce(sum(covered_ns) FILTER (cover = 'any'), 0) AS covered_ns,
    coalesce(sum(covered_ns) FILTER (cover = 'wait'), 0) AS wait_ns
  FROM part
  GROUP BY ALL
)

SELECT
  trace_id,
  kind,
  name,
  counted.range_count,
  try_cast(summed.range_ns AS BIGINT) AS range_ns,
  try_cast(summed.covered_ns AS BIGINT) AS covered_ns,
  try_cast(summed.wait_ns AS BIGINT) AS wait_ns
FROM summed
INNER JOIN counted USING (trace_id, kind, name)
