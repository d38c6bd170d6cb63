-- counter_window: each counter's values in a part of a trace's timeline, at most one a pixel.
--
-- Why:     the largest value of a pixel is what one looks for; the last one is where it goes on.
-- Grain:   one row per (counter, device_id, bin) in which it changes, and its last value before
-- Inputs:  timeline_counter
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
--   from_ns BIGINT = 0   ns, start of the window
--   until_ns BIGINT = 1  ns, its end
--   bin_ns BIGINT = 1    ns, the width of a pixel
-- Columns:
--   counter    see timeline_counter
--   device_id  device.device_id
--   ts_ns      ns, the first change in the bin, or the window's start
--   largest    the largest value in the bin
--   last       the last value
SELECT
  counter,
  device_id,
  greatest(min(ts_ns), from_ns) AS ts_ns,
  max(value) AS largest,
  -- of changes at one time, only the last one lasts
  coalesce(arg_max(value, ts_ns) FILTER (WHERE next_ns > ts_ns), max(value)) AS last
FROM timeline_counter
WHERE trace_id = of_trace AND ts_ns < until_ns AND next_ns > from_ns
GROUP BY counter, device_id, if(ts_ns < from_ns, NULL, ts_ns // bin_ns)
ORDER BY counter, device_id, ts_ns
