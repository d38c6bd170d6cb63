-- window_time(source, windows): how much of each window each state takes.
--
-- Why:     an interval join compares every range with every window. With the time that a state took
--          before each of its ranges, two look-ups per window and state are enough.
-- Grain:   one row per (trace_id, series, window_start_ns, state) with time; `source`: trace_id,
--          state, start_ns, end_ns, whose ranges don't overlap within a state; `windows`: trace_id,
--          series, start_ns, end_ns
-- Inputs:  none
-- Columns:
--   trace_id         trace.trace_id
--   series           as given
--   window_start_ns  start_ns of the window
--   state            as given
--   state_ns         ns of the window in that state
WITH slice AS MATERIALIZED (
  SELECT
    trace_id,
    state,
    start_ns,
    end_ns,
    coalesce(sum(end_ns - start_ns) OVER (
      PARTITION BY trace_id, state ORDER BY start_ns
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) AS before_ns
  FROM query_table(source)
  WHERE end_ns > start_ns
),

state_list AS (
  SELECT DISTINCT trace_id, state FROM slice
),

edge AS (
  SELECT
    held.trace_id,
    held.series,
    held.start_ns AS window_start_ns,
    state_list.state,
    unnest([held.start_ns, held.end_ns]) AS at_ns,
    unnest([-1, 1]) AS sign
  FROM query_table(windows) AS held
  INNER JOIN state_list ON held.trace_id = state_list.trace_id
  WHERE held.end_ns > held.start_ns
)

-- the time of the state up to the window's end, less that up to its start
SELECT
  edge.trace_id,
  edge.series,
  edge.window_start_ns,
  edge.state,
  cast(sum(
    edge.sign * (slice.before_ns + least(edge.at_ns, slice.end_ns) - slice.start_ns)
  ) AS BIGINT) AS state_ns
FROM edge
ASOF INNER JOIN slice
  ON
    edge.trace_id = slice.trace_id
    AND edge.state = slice.state
    AND edge.at_ns >= slice.start_ns
GROUP BY edge.trace_id, edge.series, edge.window_start_ns, edge.state
HAVING state_ns > 0
