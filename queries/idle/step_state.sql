-- step_state: what each window of step_window was spent on (139 lines because it counts too).
--
-- Why:     the parts add up to the window, so that a share of it can be given.
-- Grain:   one row per window of step_window
-- Inputs:  step_window, trace_state, device_event, runtime_call, call_kind, window_time
-- Columns:
--   trace_id               trace.trace_id
--   basis                  see step_window
--   step                   see step_window
--   start_ns               see step_window
--   end_ns                 see step_window
--   kernel_ns              ns, see trace_state; this and the next columns add up to the window
--   memcpy_ns              ns
--   memset_ns              ns
--   communication_ns       ns
--   runtime_ns             ns
--   dataloader_ns          ns
--   cpu_op_ns              ns
--   other_ns               ns
--   kernel_count           kernels that start in the window
--   launched_kernel_count  kernels whose call starts in the window
--   launch_call_count      calls that start in the window and launch kernels or graphs
--   event_count            kernels and copies whose call starts in the window
-- Never:   WHERE kernel_ns + memcpy_ns + memset_ns + communication_ns + runtime_ns + dataloader_ns
--          + cpu_op_ns + other_ns <> end_ns - start_ns OR other_ns < 0
WITH step AS (
  SELECT DISTINCT
    trace_id,
    basis AS series,
    start_ns,
    end_ns
  FROM step_window
),

spent AS (
  SELECT
    trace_id,
    series AS basis,
    window_start_ns AS start_ns,
    window_end_ns AS end_ns,
    sum(state_ns) FILTER (WHERE state = 'kernel') AS kernel_ns,
    sum(state_ns) FILTER (WHERE state = 'memcpy') AS memcpy_ns,
    sum(state_ns) FILTER (WHERE state = 'memset') AS memset_ns,
    sum(state_ns) FILTER (WHERE state = 'communication') AS communication_ns,
    sum(state_ns) FILTER (WHERE state = 'runtime') AS runtime_ns,
    sum(state_ns) FILTER (WHERE state = 'dataloader') AS dataloader_ns,
    sum(state_ns) FILTER (WHERE state = 'cpu_op') AS cpu_op_ns,
    sum(state_ns) FILTER (WHERE state <> 'other') AS known_ns
  FROM window_time('trace_state', 'step')
  GROUP BY trace_id, series, window_start_ns, window_end_ns
),

moment AS (
  SELECT
    trace_id,
    if(kernel_id IS NULL, 'copy', 'kernel') AS kind,
    start_ns AS at_ns
  FROM device_event
  UNION ALL
  SELECT
    trace_id,
    if(kernel_id IS NULL, 'copy call', 'kernel call') AS kind,
    call_start_ns AS at_ns
  FROM device_event
  WHERE call_id IS NOT NULL
  UNION ALL
  SELECT
    trace_id,
    'launch' AS kind,
    start_ns AS at_ns
  FROM runtime_call
  INNER JOIN call_kind USING (trace_id, name)
  WHERE call_kind.kind IN ('launch', 'launch_graph')
),

-- how many there were up to each moment
numbered AS (
  SELECT
    trace_id,
    kind,
    at_ns,
    -- moments at one time are peers, so each counts all of them
    count(*) OVER (PARTITION BY trace_id, kind ORDER BY at_ns) AS so_far
  FROM moment
),

edge AS (
  SELECT
    trace_id,
    series,
    start_ns,
    end_ns,
    kind_list.kind,
    unnest([step.start_ns, step.end_ns]) AS at_ns,
    unnest([-1, 1]) AS sign
  FROM step
  INNER JOIN (SELECT DISTINCT trace_id, kind FROM numbered) AS kind_list USING (trace_id)
),

counted AS (
  SELECT
    edge.trace_id,
    edge.series AS basis,
    edge.start_ns,
    edge.end_ns,
    sum(edge.sign * so_far) FILTER (WHERE edge.kind = 'kernel') AS kernel_count,
    sum(edge.sign * so_far) FILTER (WHERE edge.kind = 'kernel call') AS launched_kernel_count,
    sum(edge.sign * so_far) FILTER (WHERE edge.kind = 'launch') AS launch_call_count,
    sum(edge.sign * so_far) FILTER (WHERE edge.kind IN ('kernel call', 'copy call')) AS event_count
  FROM edge
  ASOF INNER JOIN numbered
    ON
      edge.trace_id = numbered.trace_id
      AND edge.kind = numbered.kind
      AND edge.at_ns > numbered.at_ns
  GROUP BY edge.trace_id, edge.series, edge.start_ns, edge.end_ns
)

SELECT
  trace_id,
  basis,
  step_window.step,
  start_ns,
  end_ns,
  cast(coalesce(spent.kernel_ns, 0) AS BIGINT) AS kernel_ns,
  cast(coalesce(spent.memcpy_ns, 0) AS BIGINT) AS memcpy_ns,
  cast(coalesce(spent.memset_ns, 0) AS BIGINT) AS memset_ns,
  cast(coalesce(spent.communication_ns, 0) AS BIGINT) AS communication_ns,
  cast(coalesce(spent.runtime_ns, 0) AS BIGINT) AS runtime_ns,
  cast(coalesce(spent.dataloader_ns, 0) AS BIGINT) AS dataloader_ns,
  cast(coalesce(spent.cpu_op_ns, 0) AS BIGINT) AS cpu_op_ns,
  cast(end_ns - start_ns - coalesce(spent.known_ns, 0) AS BIGINT) AS other_ns,
  cast(coalesce(counted.kernel_count, 0) AS BIGINT) AS kernel_count,
  cast(coalesce(counted.launched_kernel_count, 0) AS BIGINT) AS launched_kernel_count,
  cast(coalesce(counted.launch_call_count, 0) AS BIGINT) AS launch_call_count,
  cast(coalesce(counted.event_count, 0) AS BIGINT) AS event_count
FROM step_window
LEFT JOIN spent USING (trace_id, basis, start_ns, end_ns)
LEFT JOIN counted USING (trace_id, basis, start_ns, end_ns)
