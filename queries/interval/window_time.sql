-- window_time(source, windows): how much of each window each state takes.
--
-- Why:     an interval join compares every range with every window. Ranges that don't overlap need
--          one look-up each, and one more for each window.
-- Grain:   one row per (trace_id, series, window_start_ns, state) with time; `source`: trace_id,
--          state, start_ns, end_ns, whose ranges don't overlap within a trace; `windows`: trace_id,
--          series, start_ns, end_ns, which don't overlap within a series
-- Inputs:  none
-- Columns:
--   trace_id         trace.trace_id
--   series           as given
--   window_start_ns  start_ns of the window
--   state            as given
--   state_ns         ns of the window in that state
WITH window_list AS (
  SELECT
    trace_id,
    series,
    start_ns,
    end_ns
  FROM query_table(windows)
  WHERE end_ns > start_ns
),

slice AS MATERIALIZED (
  SELECT
    trace_id,
    state,
    start_ns,
    end_ns
  FROM query_table(source)
  WHERE end_ns > start_ns
),

series_list AS (
  SELECT DISTINCT trace_id, series FROM window_list
),

repeated AS (
  SELECT
    slice.trace_id,
    series_list.series,
    slice.state,
    slice.start_ns,
    slice.end_ns
  FROM slice
  INNER JOIN series_list ON slice.trace_id = series_list.trace_id
),

-- ranges that start in a window, then ranges that are open when a window starts
piece AS (
  SELECT
    repeated.trace_id,
    repeated.series,
    held.start_ns AS window_start_ns,
    repeated.state,
    least(repeated.end_ns, held.end_ns) - repeated.start_ns AS piece_ns
  FROM repeated
  ASOF INNER JOIN window_list AS held
    ON
      repeated.trace_id = held.trace_id
      AND repeated.series = held.series
      AND repeated.start_ns >= held.start_ns
  WHERE repeated.start_ns < held.end_ns
  UNION ALL
  SELECT
    held.trace_id,
    held.series,
    held.start_ns AS window_start_ns,
    slice.state,
    least(slice.end_ns, held.end_ns) - held.start_ns AS piece_ns
  FROM window_list AS held
  ASOF INNER JOIN slice
    ON held.trace_id = slice.trace_id AND held.start_ns > slice.start_ns
  WHERE slice.end_ns > held.start_ns
)

SELECT
  trace_id,
  series,
  window_start_ns,
  state,
  cast(sum(piece_ns) AS BIGINT) AS state_ns
FROM piece
GROUP BY trace_id, series, window_start_ns, state
