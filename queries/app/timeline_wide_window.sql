-- timeline_wide_window: the boxes of timeline_window, where pixels hold many bins.
--
-- Why:     reads timeline_bin instead of millions of short slices.
-- Grain:   one row per box
-- Inputs:  timeline_bin, timeline_long
-- Params:
--   of_trace BIGINT = 1    trace.trace_id
--   from_ns BIGINT = 0     ns, start of the window
--   until_ns BIGINT = 1    ns, its end
--   bin_ns BIGINT = 1      ns, the width of a pixel: the grid or a multiple
--   of_grid BIGINT = 1     timeline_bin.grid_ns
--   first_line BIGINT = 0  the first line to draw
--   last_line BIGINT = 0   the last one
-- Columns:
--   line        timeline_line.line
--   start_ns    ns from the trace's base
--   end_ns      ns
--   colour      see timeline_window
--   label_id    see timeline_window
--   ref         see timeline_window
--   item_count  see timeline_window
--   busy_frac   see timeline_window
WITH seen AS (
  SELECT
    line,
    start_ns,
    end_ns,
    colour,
    label_id,
    ref
  FROM timeline_long
  WHERE
    trace_id = of_trace
    AND line BETWEEN first_line AND last_line
    AND start_ns < until_ns
    AND end_ns > from_ns
    AND end_ns - start_ns >= of_grid
),

part AS (
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
  WHERE
    trace_id = of_trace
    AND grid_ns = of_grid
    AND line BETWEEN first_line AND last_line
    AND first_ns < until_ns
    AND last_ns > from_ns
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
  FROM seen
  WHERE end_ns - start_ns < bin_ns
),

binned AS (
  SELECT
    line,
    first_ns // bin_ns AS bin,
    colour,
    min(first_ns) AS first_ns,
    max(last_ns) AS last_ns,
    sum(own_ns) AS own_ns,
    sum(item_count) AS item_count,
    any_value(label_id) AS label_id,
    any_value(ref) AS ref
  FROM part
  GROUP BY line, first_ns // bin_ns, colour
)

SELECT
  line,
  start_ns,
  end_ns,
  colour,
  label_id,
  ref,
  1 AS item_count,
  1.0 AS busy_frac
FROM seen
WHERE end_ns - start_ns >= bin_ns
UNION ALL
SELECT
  line,
  min(first_ns) AS start_ns,
  max(last_ns) AS end_ns,
  arg_max(colour, own_ns) AS colour,
  if(sum(item_count) = 1, any_value(label_id), -1) AS label_id,
  any_value(ref) AS ref,
  cast(sum(item_count) AS BIGINT) AS item_count,
  least(1.0, sum(own_ns) / bin_ns) AS busy_frac
FROM binned
GROUP BY line, bin
ORDER BY line, start_ns
