-- optimizer_range: the ranges in which an optimizer updates weights or sets gradients to zero.
--
-- Why:     work that is requested in them belongs to the update, whatever operator it is for.
-- Grain:   one row per annotation of an optimizer
-- Inputs:  annotation
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   track     process and thread
--   start_ns  ns from the trace's base
--   end_ns    ns from the trace's base
SELECT
  trace_id,
  concat_ws(' ', process_id, thread_id) AS track,
  start_ns,
  start_ns + dur_ns AS end_ns
FROM annotation
WHERE kind = 'user' AND starts_with(name, 'Optimizer.')
