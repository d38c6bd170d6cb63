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
    end_ns,
    max(end_ns) OVER (
      PARTITION BY trace_id, track
      ORDER BY start_ns, end_ns
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reached_ns
  FROM query_table(source)
),

numbered AS (
  SELECT
    trace_id,
    track,
    start_ns,
    end_ns,
    -- DuckDB computes a FILTER in a window again for each row
    sum(if(reached_ns IS NULL OR start_ns > reached_ns, 1, 0)) OVER (
      PARTITION BY trace_id, track
      ORDER BY start_ns, end_ns
      ROWS UNBOUNDED PRECEDING
    ) AS island
  FROM reached
)

SELECT
  trace_id,
  track,
  min(start_ns) AS start_ns,
  max(end_ns) AS end_ns
FROM numbered
GROUP BY trace_id, track, island
