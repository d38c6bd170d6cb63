-- graph_replay: how well each replay of a CUDA graph matches a list of launches, and why not.
--
-- Why:     a replay's kernels have no operators. Only if their names agree, in order, with
--          those of its capture or of a step without it can operators be taken from there.
-- Grain:   one row per launch of a graph with kernels
-- Inputs:  trace, graph_pair, graph_kernel
-- Merge:   trace, runtime_call, kernel, kernel_launch, cpu_op, cpu_op_parent, annotation,
--          annotation_timeline, work_step, work_module
-- Needs:   kernel
-- Key:     trace_name, replay_index, source, kernel_count, matched_count, refusal
-- Columns:
--   trace_id             trace.trace_id
--   trace_name           trace.name
--   call_id              runtime_call.call_id of the graph launch
--   replay_index         graph launches with kernels before it in the trace
--   source               'capture' of the graph | 'eager', a step without it: the list of launches
--                        whose names are most like its own; NULL if there is none
--   captured_trace_id    trace_id of that list
--   captured_trace_name  its name
--   captured_count       kernels of the list
--   kernel_count         kernels of the replay
--   common_count         names that both have: no order can match more kernels
--   matched_count        kernels that match in order; NULL if so few names are common that it was
--                        not tried
--   kernel_ns            ns, sum of the kernels' durations
--   matched_ns           ns of those that match
--   is_exact             true if all of both match
--   refusal              why no operators are taken from the capture; NULL if they are
-- Never:   WHERE matched_count > common_count OR matched_ns > kernel_ns
-- Plot:    How much of each graph's replay is matched with a capture
WITH matched AS (
  SELECT
    trace_id,
    call_id,
    count(*) AS matched_count,
    cast(sum(dur_ns) AS BIGINT) AS matched_ns,
    bool_and(is_accepted) AS is_accepted
  FROM graph_kernel
  GROUP BY trace_id, call_id
)

SELECT
  trace_id,
  trace.name AS trace_name,
  call_id,
  pair.replay_index,
  pair.source,
  pair.captured_trace_id,
  other.name AS captured_trace_name,
  pair.captured_count,
  pair.kernel_count,
  pair.common_count,
  matched.matched_count,
  pair.kernel_ns,
  matched.matched_ns,
  coalesce(
    matched.matched_count = pair.kernel_count AND pair.kernel_count = pair.captured_count, FALSE
  ) AS is_exact,
  coalesce(
    pair.refusal,
    if(
      coalesce(matched.is_accepted, FALSE), NULL,
      'its kernels and the launches differ in order: fewer than 95 % match'
    )
  ) AS refusal
FROM graph_pair AS pair
INNER JOIN trace USING (trace_id)
LEFT JOIN trace AS other ON pair.captured_trace_id = other.trace_id
LEFT JOIN matched USING (trace_id, call_id)
ORDER BY trace_id, pair.replay_index
