-- timeline_bin: a trace's short slices added up on the finest grid of time.
--
-- Why:     a view of the whole trace would otherwise read millions of slices to draw 1,600 pixels.
-- Grain:   one row per (line, bin, colour) with slices shorter than the grid
-- Inputs:  timeline_slice
-- Params:
--   of_trace BIGINT = 1     trace.trace_id
--   bin_ns BIGINT = 1048576  ns, the grid
-- Columns:
--   trace_id    trace.trace_id
--   grid_ns     ns, width of the grid; timeline_coarse_bin adds rows of wider ones
--   line        timeline_line.line
--   colour      see timeline_slice
--   first_ns    ns, the earliest start
--   last_ns     ns, the latest end
--   own_ns      ns, sum of the slices' lengths
--   item_count  slices
--   label_id    of any of them
--   ref         of any of them
SELECT
  of_trace AS trace_id,
  bin_ns AS grid_ns,
  line,
  colour,
  min(start_ns) AS first_ns,
  max(end_ns) AS last_ns,
  cast(sum(end_ns - start_ns) AS BIGINT) AS own_ns,
  count(*) AS item_count,
  any_value(label_id) AS label_id,
  any_value(ref) AS ref
FROM timeline_slice
WHERE trace_id = of_trace AND end_ns - start_ns < bin_ns
GROUP BY line, start_ns // bin_ns, colour
ORDER BY start_ns // bin_ns
