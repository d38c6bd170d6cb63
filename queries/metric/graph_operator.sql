-- graph_operator: time of the operators and modules inside replayed CUDA graphs, from a capture.
--
-- Why:     a graph's launch is one call for all its kernels: without the capture, or a step
--          without the graph, an engine that decodes by graphs shows no operators at all.
-- Grain:   one row per (trace_id, op_name, module) of replays that match launches
-- Inputs:  trace, replayed_kernel, graph_kernel
-- Merge:   trace, runtime_call, kernel, kernel_launch, cpu_op, cpu_op_parent, annotation,
--          annotation_timeline, work_step, work_module
-- Needs:   kernel
-- Key:     trace_name, op_name, module, kernel_count, kernel_ns, kernel_frac
-- Columns:
--   trace_id      trace.trace_id
--   trace_name    trace.name
--   op_name       innermost operator of the launch; 'unattributed' for one outside
--                 operators and for the few kernels that do not match
--   module        module of the launch; 'unattributed' as op_name
--   replay_count  replays
--   kernel_count  kernels
--   kernel_ns     ns, sum of their durations
--   kernel_frac   0..1 of the time of all matched replays of the trace
-- Never:   GROUP BY trace_id HAVING abs(sum(kernel_frac) - 1) > 1e-9
-- Plot:    Operators inside replayed CUDA graphs
WITH accepted AS (
  SELECT DISTINCT trace_id, call_id
  FROM graph_kernel
  WHERE is_accepted
)

SELECT
  trace_id,
  any_value(trace.name) AS trace_name,
  coalesce(graph_kernel.op_name, 'unattributed') AS op_name,
  coalesce(graph_kernel.module, 'unattributed') AS module,
  count(DISTINCT kernel.call_id) AS replay_count,
  count(*) AS kernel_count,
  cast(sum(kernel.dur_ns) AS BIGINT) AS kernel_ns,
  sum(kernel.dur_ns) / nullif(sum(sum(kernel.dur_ns)) OVER (PARTITION BY trace_id), 0)
    AS kernel_frac
FROM accepted
INNER JOIN replayed_kernel AS kernel USING (trace_id, call_id)
INNER JOIN trace USING (trace_id)
LEFT JOIN graph_kernel USING (trace_id, kernel_id)
GROUP BY trace_id, graph_kernel.op_name, graph_kernel.module
ORDER BY trace_id, kernel_ns DESC, op_name, module
