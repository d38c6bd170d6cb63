-- host_time: how long ranges ran neither an operator nor a call: in Python, NumPy or a file.
--
-- Why:     faster kernels don't shorten time that no operator covers. A range that ranks in NumPy,
--          joins data frames or reads files shows here, and nowhere else.
-- Grain:   one row per (trace_id, kind, name) of ranges in a process that recorded operators
-- Inputs:  trace, known_annotation, host_stretch, interval_union
-- Needs:   host_clock, operator, range
-- Key:     trace_name, kind, name, range_count, range_ns, operator_ns, wait_ns, host_ns
-- Columns:
--   trace_id     trace.trace_id
--   trace_name   trace.name
--   kind         'component' | 'step' | 'phase' | 'user' (any other range of a script)
--   name         the range's, up to a '#' inside it; 'step' for all steps
--   range_count  ranges, in all processes and threads
--   range_ns     ns in which one of them was open, added up over processes
--   operator_ns  ns of it in which the process ran operators or calls and didn't wait; on any
--                thread, as autograd runs backward on threads of its own
--   wait_ns      ns of it in which one of the process's threads waited for a device
--   host_ns      ns, the rest; a range inside another counts in both
-- Never:   WHERE operator_ns < 0 OR wait_ns < 0 OR host_ns < 0
--          OR operator_ns + wait_ns + host_ns <> range_ns
-- Plot:    How much of each range ran no operator
WITH process AS (
  SELECT DISTINCT trace_id, process_id FROM host_stretch
),

labelled AS (
  SELECT
    trace_id,
    process_id,
    CASE
      WHEN kind IN ('step', 'profiler_step') THEN 'step'
      WHEN starts_with(name, 'phase:') THEN 'phase'
      ELSE kind
    END AS range_kind,
    CASE range_kind
      WHEN 'step' THEN 'step'
      WHEN 'phase' THEN substr(name, 7)
      ELSE coalesce(nullif(split_part(name, '#', 1), ''), name)
    END AS range_name,
    start_ns,
    start_ns + dur_ns AS end_ns
  FROM known_annotation
  SEMI JOIN process USING (trace_id, process_id)
  WHERE kind IN ('component', 'step', 'profiler_step', 'user') AND dur_ns > 0
),

counted AS (
  SELECT trace_id, range_kind, range_name, count(*) AS range_count
  FROM labelled
  GROUP BY trace_id, range_kind, range_name
),

named AS (
  SELECT
    trace_id, start_ns, end_ns,
    json_array(process_id, range_kind, range_name)::VARCHAR AS track
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
    track ->> 1 AS range_kind,
    track ->> 2 AS range_name,
    sum(covered_ns) FILTER (cover = 'open') AS range_ns,
    coalesce(sum(covered_ns) FILTER (cover = 'any'), 0) AS covered_ns,
    coalesce(sum(covered_ns) FILTER (cover = 'wait'), 0) AS wait_ns
  FROM part
  GROUP BY trace_id, range_kind, range_name
)

SELECT
  trace.trace_id,
  trace.name AS trace_name,
  range_kind AS kind,
  range_name AS name,
  counted.range_count,
  try_cast(summed.range_ns AS BIGINT) AS range_ns,
  try_cast(summed.covered_ns - summed.wait_ns AS BIGINT) AS operator_ns,
  try_cast(summed.wait_ns AS BIGINT) AS wait_ns,
  try_cast(summed.range_ns - summed.covered_ns AS BIGINT) AS host_ns
FROM summed
INNER JOIN counted USING (trace_id, range_kind, range_name)
INNER JOIN trace USING (trace_id)
ORDER BY trace.trace_id ASC, host_ns DESC, kind ASC, name ASC
