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
WITH edge AS (
  SELECT
    trace_id,
    track,
    layer,
    start_ns AS at_ns,
    1 AS step
  FROM query_table(source)
  WHERE end_ns > start_ns
  UNION ALL
  SELECT
    trace_id,
    track,
    layer,
    end_ns AS at_ns,
    -1 AS step
  FROM query_table(source)
  WHERE end_ns > start_ns
),

net AS (
  SELECT
    trace_id,
    track,
    layer,
    at_ns,
    cast(sum(step) AS BIGINT) AS step
  FROM edge
  GROUP BY trace_id, track, layer, at_ns
  HAVING sum(step) <> 0
),

counted AS (
  SELECT
    trace_id,
    track,
    layer,
    at_ns,
    step,
    cast(sum(step) OVER (
      PARTITION BY trace_id, track, layer ORDER BY at_ns ROWS UNBOUNDED PRECEDING
    ) AS BIGINT) AS open_count
  FROM net
),

-- a layer changes where its first range opens and where its last one closes
changed AS (
  SELECT
    trace_id,
    track,
    at_ns,
    cast(sum(if(open_count > 0, 1, -1) * (1 << layer)) AS BIGINT) AS change
  FROM counted
  WHERE (open_count > 0) <> (open_count - step > 0)
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
