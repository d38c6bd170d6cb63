-- interval_union(source): ranges merged where they touch or overlap.
--
-- Why:     in a sum, concurrent work counts twice; the union is the time in which any of it ran. It
--          is for your queries and for the other interval macros. gpu_time and stage_time need only
--          the total, which one window gives in about a tenth of the time.
-- Grain:   one row per merged range of (trace_id, track); `source`: trace_id, track, start_ns,
--          end_ns
-- Inputs:  none
-- Columns:
--   trace_id  trace.trace_id
--   track     as given
--   start_ns  ns
--   end_ns    ns
WITH reached AS (
  SELECT
    trace_id,
    track,
    start_ns,
    max(end_ns) OVER (in_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_ns,
    max(end_ns) OVER (
      in_order ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS last_ns
  FROM query_table(source)
  WINDOW in_order AS (PARTITION BY trace_id, track ORDER BY start_ns)
)

-- a merged range starts after all earlier ends, and the next one shows how far it reached
SELECT
  trace_id,
  track,
  start_ns,
  lead(reached_ns, 1, last_ns) OVER (PARTITION BY trace_id, track ORDER BY start_ns) AS end_ns
FROM reached
WHERE reached_ns IS NULL OR start_ns > reached_ns
