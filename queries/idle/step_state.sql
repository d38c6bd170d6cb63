-- step_state: what each window of step_window was spent on, and the kernels that belong to it.
--
-- Why:     the parts add up to the window, so that a share of it can be given.
-- Grain:   one row per (trace_id, basis, start_ns) of step_window
-- Inputs:  step_window, trace_state, device_event, runtime_call, call_kind, window_time
-- Kept:    view
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
  SELECT
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
    sum(state_ns) FILTER (WHERE state = 'kernel') AS kernel_ns,
    sum(state_ns) FILTER (WHERE state = 'memcpy') AS memcpy_ns,
    sum(state_ns) FILTER (WHERE state = 'memset') AS memset_ns,
    sum(state_ns) FILTER (WHERE state = 'communication') AS communication_ns,
    sum(state_ns) FILTER (WHERE state = 'runtime') AS runtime_ns,
    sum(state_ns) FILTER (WHERE state = 'dataloader') AS dataloader_ns,
    sum(state_ns) FILTER (WHERE state = 'cpu_op') AS cpu_op_ns,
    sum(state_ns) FILTER (WHERE state <> 'other') AS known_ns
  FROM window_time('trace_state', 'step')
  GROUP BY trace_id, series, window_start_ns
),

moment AS (
  SELECT trace_id, start_ns AS at_ns, kernel_id, 'start' AS kind FROM device_event
  UNION ALL
  SELECT trace_id, call_start_ns AS at_ns, kernel_id, 'call' AS kind FROM device_event
  WHERE call_id IS NOT NULL
  UNION ALL
  SELECT trace_id, start_ns AS at_ns, NULL AS kernel_id, 'launch' AS kind FROM runtime_call
  INNER JOIN call_kind USING (trace_id, name)
  WHERE call_kind.kind IN ('launch', 'launch_graph')
),

series_list AS (
  SELECT DISTINCT trace_id, series FROM step
),

repeated AS (
  FROM moment INNER JOIN series_list USING (trace_id)
),

counted AS (
  SELECT
    step.trace_id,
    step.series AS basis,
    step.start_ns,
    count(kernel_id) FILTER (WHERE kind = 'start') AS kernel_count,
    count(kernel_id) FILTER (WHERE kind = 'call') AS launched_kernel_count,
    count(*) FILTER (WHERE kind = 'launch') AS launch_call_count,
    count(*) FILTER (WHERE kind = 'call') AS event_count
  FROM repeated
  ASOF INNER JOIN step
    ON
      repeated.trace_id = step.trace_id
      AND repeated.series = step.series
      AND repeated.at_ns >= step.start_ns
  WHERE repeated.at_ns < step.end_ns
  GROUP BY step.trace_id, step.series, step.start_ns
)

SELECT
  trace_id,
  basis,
  step_window.step,
  start_ns,
  step_window.end_ns,
  cast(coalesce(spent.kernel_ns, 0) AS BIGINT) AS kernel_ns,
  cast(coalesce(spent.memcpy_ns, 0) AS BIGINT) AS memcpy_ns,
  cast(coalesce(spent.memset_ns, 0) AS BIGINT) AS memset_ns,
  cast(coalesce(spent.communication_ns, 0) AS BIGINT) AS communication_ns,
  cast(coalesce(spent.runtime_ns, 0) AS BIGINT) AS runtime_ns,
  cast(coalesce(spent.dataloader_ns, 0) AS BIGINT) AS dataloader_ns,
  cast(coalesce(spent.cpu_op_ns, 0) AS BIGINT) AS cpu_op_ns,
  cast(step_window.end_ns - start_ns - coalesce(spent.known_ns, 0) AS BIGINT) AS other_ns,
  coalesce(counted.kernel_count, 0) AS kernel_count,
  coalesce(counted.launched_kernel_count, 0) AS launched_kernel_count,
  coalesce(counted.launch_call_count, 0) AS launch_call_count,
  coalesce(counted.event_count, 0) AS event_count
FROM step_window
LEFT JOIN spent USING (trace_id, basis, start_ns)
LEFT JOIN counted USING (trace_id, basis, start_ns)
