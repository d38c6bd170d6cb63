-- open_layer(source): which layers of a track are open at each moment.
--
-- Why:     one pass over the edges gives unions, intersections and priorities of any number of
--          layers: the lowest open layer is the first that covers a moment.
-- Grain:   one row per (trace_id, track, start_ns) at which a layer opens or closes; `source`:
--          trace_id, track, layer (0 to 30), start_ns, end_ns
-- Inputs:  none
-- Columns:
--   trace_id  trace.trace_id
--   track     as given
--   start_ns  ns
--   end_ns    ns, the start of the track's next row; NULL in the last row, where all is closed
--   layers    bit n is set if layer n is open; 0 if none is
WITH reached AS (
  SELECT
    trace_id,
    track,
    layer,
    start_ns,
    max(end_ns) OVER (in_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_ns,
    max(end_ns) OVER (
      in_order ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS last_ns
  FROM query_table(source)
  WHERE end_ns > start_ns
  WINDOW in_order AS (PARTITION BY trace_id, track, layer ORDER BY start_ns)
),

-- the ranges of a layer merged, as by interval_union
merged AS (
  SELECT
    trace_id,
    track,
    layer,
    start_ns,
    lead(reached_ns, 1, last_ns) OVER (
      PARTITION BY trace_id, track, layer ORDER BY start_ns
    ) AS end_ns
  FROM reached
  WHERE reached_ns IS NULL OR start_ns > reached_ns
),

edge AS (
  SELECT trace_id, track, start_ns AS at_ns, 1 << layer AS change FROM merged
  UNION ALL
  SELECT trace_id, track, end_ns AS at_ns, -(1 << layer) AS change FROM merged
),

changed AS (
  SELECT trace_id, track, at_ns, cast(sum(change) AS BIGINT) AS change
  FROM edge
  GROUP BY trace_id, track, at_ns
)

SELECT
  trace_id,
  track,
  at_ns AS start_ns,
  lead(at_ns) OVER in_order AS end_ns,
  cast(sum(change) OVER (in_order ROWS UNBOUNDED PRECEDING) AS INTEGER) AS layers
FROM changed
WINDOW in_order AS (PARTITION BY trace_id, track ORDER BY at_ns)
