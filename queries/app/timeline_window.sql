-- timeline_window: the boxes to draw for a part of a trace's timeline.
--
-- Why:     a slice that is a pixel wide or more is a box of its own; shorter ones are added up per
--          pixel. Bins lie on a fixed grid, so that moving the window doesn't make them flicker.
-- Grain:   one row per box
-- Inputs:  timeline_slice, timeline_long
-- Params:
--   of_trace BIGINT = 1    trace.trace_id
--   from_ns BIGINT = 0     ns, start of the window
--   until_ns BIGINT = 1    ns, its end
--   bin_ns BIGINT = 1      ns, the width of a pixel
--   long_ns BIGINT = 1     ns, the length from which a slice is in timeline_long
--   first_line BIGINT = 0  the first line to draw
--   last_line BIGINT = 0   the last one
-- Columns:
--   line        timeline_line.line
--   start_ns    ns from the trace's base
--   end_ns      ns
--   colour      see timeline_slice; of several slices, the one with most time
--   label_id    timeline_label.label_id; -1 for several slices
--   ref         see timeline_slice
--   item_count  slices in the box
--   busy_frac   0..1 of the bin that they fill
WITH seen AS (
  SELECT
    line,
    start_ns,
    end_ns,
    colour,
    label_id,
    ref
  FROM timeline_slice
  WHERE
    trace_id = of_trace
    AND line BETWEEN first_line AND last_line
    AND start_ns < until_ns
    AND end_ns > from_ns
    -- slices are sorted by their starts, so this leaves most of them unread
    AND start_ns > from_ns - long_ns
    AND end_ns - start_ns < long_ns
  UNION ALL
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
),

binned AS (
  SELECT
    line,
    start_ns // bin_ns AS bin,
    colour,
    min(start_ns) AS first_ns,
    max(end_ns) AS last_ns,
    sum(end_ns - start_ns) AS own_ns,
    count(*) AS item_count,
    any_value(label_id) AS label_id,
    any_value(ref) AS ref
  FROM seen
  WHERE end_ns - start_ns < bin_ns
  GROUP BY line, start_ns // bin_ns, colour
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
