-- timeline_coarse_bin: the bins of a grid added up on a wider one, with the slices between the two.
--
-- Why:     a window then reads about as many bins as it draws boxes, at any zoom.
-- Grain:   one row per (line, bin of the wider grid, colour)
-- Inputs:  timeline_bin, timeline_long
-- Params:
--   of_trace BIGINT = 1     trace.trace_id
--   fine_ns BIGINT = 1      ns, the grid that is added up
--   bin_ns BIGINT = 1       ns, the wider grid: a multiple of it
-- Columns:
--   trace_id    trace.trace_id
--   grid_ns     ns, width of the wider grid
--   line        timeline_line.line
--   colour      see timeline_slice
--   first_ns    ns, the earliest start
--   last_ns     ns, the latest end
--   own_ns      ns, sum of the slices' lengths
--   item_count  slices
--   label_id    of any of them
--   ref         of any of them
WITH part AS (
  SELECT
    line,
    colour,
    first_ns,
    last_ns,
    own_ns,
    item_count,
    label_id,
    ref
  FROM timeline_bin
  WHERE trace_id = of_trace AND grid_ns = fine_ns
  UNION ALL
  SELECT
    line,
    colour,
    start_ns AS first_ns,
    end_ns AS last_ns,
    end_ns - start_ns AS own_ns,
    1 AS item_count,
    label_id,
    ref
  FROM timeline_long
  WHERE trace_id = of_trace AND end_ns - start_ns >= fine_ns AND end_ns - start_ns < bin_ns
)

SELECT
  of_trace AS trace_id,
  bin_ns AS grid_ns,
  line,
  colour,
  min(first_ns) AS first_ns,
  max(last_ns) AS last_ns,
  cast(sum(own_ns) AS BIGINT) AS own_ns,
  cast(sum(item_count) AS BIGINT) AS item_count,
  any_value(label_id) AS label_id,
  any_value(ref) AS ref
FROM part
GROUP BY line, first_ns // bin_ns, colour
ORDER BY first_ns // bin_ns
