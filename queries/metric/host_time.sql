-- host_time: how long ranges ran neither an operator nor a call: in Python, NumPy or a file.
--
-- Why:     faster kernels don't shorten time that no operator covers. A range that ranks in NumPy,
--          joins data frames or reads files shows here, and nowhere else.
-- Grain:   one row per (trace_id, kind, name) of ranges in a process that recorded operators
-- Inputs:  trace, host_range
-- Needs:   host_clock, operator, range
-- Key:     trace_name, kind, name, range_count, range_ns, operator_ns, wait_ns, host_ns
-- Columns:
--   trace_id     trace.trace_id
--   trace_name   trace.name
--   kind         'component' | 'step' | 'phase' | 'user' (any other range of a script)
--   name         the range's, up to a '#' inside it; 'step' for all steps
--   range_count  ranges, in all processes and threads
--   range_ns     ns in which one of them was open, added up over processes
--   operator_ns  ns of it in which the process ran operators or calls and didn't wait; on any
--                thread, as autograd runs backward on threads of its own
--   wait_ns      ns of it in which one of the process's threads waited for a device
--   host_ns      ns, the rest; a range inside another counts in both
-- Never:   WHERE operator_ns < 0 OR wait_ns < 0 OR host_ns < 0
--          OR operator_ns + wait_ns + host_ns <> range_ns
-- Plot:    How much of each range ran no operator
SELECT
  trace_id,
  trace.name AS trace_name,
  host_range.kind,
  host_range.name,
  host_range.range_count,
  host_range.range_ns,
  host_range.covered_ns - host_range.wait_ns AS operator_ns,
  host_range.wait_ns,
  host_range.range_ns - host_range.covered_ns AS host_ns
FROM host_range
INNER JOIN trace USING (trace_id)
ORDER BY trace_id ASC, host_ns DESC, host_range.kind ASC, host_range.name ASC
