-- graph_kernel: the operator and module of each kernel of a graph's replay, from a capture.
--
-- Why:     with it, the time of a replayed graph divides as that of an eager run does.
-- Grain:   one row per kernel of a replay that an alignment matches
-- Inputs:  graph_pair, graph_match, replayed_kernel, named_launch
-- Kept:    view
-- Columns:
--   trace_id           trace.trace_id
--   kernel_id          kernel.kernel_id
--   call_id            runtime_call.call_id of the graph launch
--   dur_ns             ns
--   captured_trace_id  trace_id of the capture, or of the step without graphs
--   captured_call_id   runtime_call.call_id there, of the kernel's launch
--   op_id              cpu_op.op_id there; NULL if there is none
--   op_name            see named_launch
--   module             see named_launch
--   is_accepted        true if the alignment matches 95 % of the replay's kernels and of their
--                      time; else it is chance
-- Never:   GROUP BY trace_id, kernel_id HAVING count(*) > 1
SELECT
  pair.trace_id,
  kernel.kernel_id,
  pair.call_id,
  kernel.dur_ns,
  pair.captured_trace_id,
  captured.call_id AS captured_call_id,
  captured.op_id,
  captured.op_name,
  captured.module,
  count(*) OVER replay >= 0.95 * pair.kernel_count
  AND sum(kernel.dur_ns) OVER replay >= 0.95 * pair.kernel_ns AS is_accepted
FROM graph_pair AS pair
INNER JOIN graph_match AS matched
  ON pair.sequence_trace_id = matched.trace_id AND pair.sequence_call_id = matched.call_id
INNER JOIN replayed_kernel AS kernel
  ON
    pair.trace_id = kernel.trace_id
    AND pair.call_id = kernel.call_id
    AND matched.position = kernel.position
INNER JOIN named_launch AS captured
  ON
    pair.captured_trace_id = captured.trace_id
    AND pair.source = captured.source
    AND pair.list_id = captured.list_id
    AND matched.captured_position = captured.position
WHERE pair.refusal IS NULL
WINDOW replay AS (PARTITION BY pair.trace_id, pair.call_id)
