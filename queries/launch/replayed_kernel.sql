-- replayed_kernel: the kernels of each launch of a CUDA graph, in order.
--
-- Why:     the order of a graph's kernels on one stream is the order in which they were captured;
--          on several streams it is not known.
-- Grain:   one row per kernel of a graph launch
-- Inputs:  kernel, kernel_launch, runtime_call
-- From:    kernel
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   call_id       runtime_call.call_id of the graph launch
--   replay_index  graph launches with kernels before it in the trace
--   position      place in the replay, from 0
--   kernel_id     kernel.kernel_id
--   kernel_name   kernel.name
--   dur_ns        ns
--   stream_count  streams of the replay
-- Never:   GROUP BY trace_id, call_id, position HAVING count(*) > 1
WITH launch AS (
  SELECT trace_id, call_id, start_ns FROM runtime_call
  WHERE contains(name, 'GraphLaunch')
),

event AS (
  SELECT
    kernel.trace_id,
    launch.call_id,
    launch.start_ns AS called_ns,
    kernel.kernel_id,
    kernel.name AS kernel_name,
    kernel.device_id,
    kernel.stream_id,
    kernel.start_ns,
    kernel.dur_ns
  FROM launch
  INNER JOIN kernel_launch USING (trace_id, call_id)
  INNER JOIN kernel USING (trace_id, kernel_id)
),

replay AS (
  SELECT
    trace_id,
    call_id,
    count(DISTINCT concat(device_id, ' ', stream_id)) AS stream_count,
    row_number() OVER (PARTITION BY trace_id ORDER BY any_value(called_ns), call_id) - 1
      AS replay_index
  FROM event
  GROUP BY trace_id, call_id
)

SELECT
  trace_id,
  call_id,
  replay.replay_index,
  row_number() OVER (
    PARTITION BY trace_id, call_id ORDER BY event.start_ns, event.kernel_id
  ) - 1 AS position,
  event.kernel_id,
  event.kernel_name,
  event.dur_ns,
  replay.stream_count
FROM event
INNER JOIN replay USING (trace_id, call_id)
