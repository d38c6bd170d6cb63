-- trace_activity: every kernel, copy, call and outermost operator, by the layer that it belongs to.
--
-- Why:     a trace is doing the first of these that is open, so each has its place in the order.
-- Grain:   one row per kernel, copy, call and outermost operator, and per range that loads data
-- Inputs:  device_activity, host_activity
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   layer     0 (a kernel that does not communicate) | 1 (a copy) | 2 (a fill) | 3 (a kernel that
--             communicates) | 4 (a call) | 5 (a range that loads data) | 6 (an operator)
--   start_ns  ns from the trace's base
--   end_ns    ns
-- Never:   WHERE end_ns < start_ns
SELECT
  trace_id,
  [0, 3, 1, 1, 1, 2][layer + 1] AS layer,
  start_ns,
  end_ns
FROM device_activity
UNION ALL
SELECT
  trace_id,
  CASE WHEN layer <= 2 THEN 4 WHEN layer = 3 THEN 5 ELSE 6 END AS layer,
  start_ns,
  end_ns
FROM host_activity
-- a wait is a call too, and the profiler's step no activity
WHERE layer NOT IN (0, 5)
