-- interval_intersection(source, other): the ranges in which both sources have an open range.
--
-- Why:     for your queries; no shipped query uses it. For example, overlap of communication and
--          computation is the intersection of two unions.
-- Grain:   one row per common range of (trace_id, track); `source` and `other`: trace_id, track,
--          start_ns, end_ns
-- Inputs:  interval_union
-- Columns:
--   trace_id  trace.trace_id
--   track     as given
--   start_ns  ns
--   end_ns    ns
WITH edge AS (
  SELECT trace_id, track, start_ns AS at_ns, 1 AS step FROM interval_union(source)
  UNION ALL
  SELECT trace_id, track, end_ns AS at_ns, -1 AS step FROM interval_union(source)
  UNION ALL
  SELECT trace_id, track, start_ns AS at_ns, 1 AS step FROM interval_union(other)
  UNION ALL
  SELECT trace_id, track, end_ns AS at_ns, -1 AS step FROM interval_union(other)
),

counted AS (
  SELECT
    trace_id,
    track,
    at_ns AS start_ns,
    lead(at_ns) OVER in_order AS end_ns,
    sum(step) OVER in_order AS open_count
  FROM edge
  WINDOW in_order AS (
    PARTITION BY trace_id, track ORDER BY at_ns, step ROWS UNBOUNDED PRECEDING
  )
)

SELECT trace_id, track, start_ns, end_ns
FROM counted
WHERE open_count = 2 AND end_ns > start_ns
