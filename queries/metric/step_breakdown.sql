-- step_breakdown: what each step was spent on, and what limits it (134 lines because of its parts).
--
-- Why:     a step that is bound by its device gains from faster kernels only; one that is bound by
--          launching, waiting or loading data gains from none.
-- Grain:   one row per window of step_window
-- Inputs:  trace, time_refusal, step_state, step_idle, device_layer
-- Needs:   work
-- Params:
--   device_frac DOUBLE = 0.8  share of the window from which a busy device is the limit
--   host_frac DOUBLE = 0.5  share of the time without device work from which the host is the limit
-- Key:     trace_name, basis, step, step_ns, kernel_ns, gpu_busy_ns, kernel_count, verdict
-- Columns:
--   trace_id               trace.trace_id
--   trace_name             trace.name
--   basis                  'host' | 'device', see step_window
--   step                   see step_window
--   start_ns               ns from the trace's base
--   step_ns                ns, length of the window
--   time_low_ratio         see trace: true times are expected to be this times the ones shown, or
--                          more
--   time_high_ratio        and this times them, or less; both NULL if measured
--   kernel_ns              see trace_state; the eight parts from here add up to step_ns
--   memcpy_ns              see trace_state
--   memset_ns              see trace_state
--   communication_ns       see trace_state
--   runtime_ns             see trace_state
--   dataloader_ns          see trace_state
--   cpu_op_ns              see trace_state
--   other_ns               see trace_state
--   gpu_busy_ns            ns in which a device was busy; the first four parts
--   host_sync_ns           see idle_gap; this and the next columns, up to edge_ns, are NULL without
--                          device work or with several devices
--   host_memory_ns         see idle_gap
--   host_runtime_ns        see idle_gap
--   host_dataloader_ns     see idle_gap
--   host_operator_ns       see idle_gap
--   host_other_ns          see idle_gap
--   launch_ns              see idle_gap
--   device_ns              see idle_gap
--   graph_ns               see idle_gap
--   unlinked_ns            see idle_gap
--   host_in_short_ns       see step_idle
--   edge_ns                ns of the window before the device's first and after its last event;
--                          with it, gpu_busy_ns and the ten causes add up to step_ns
--   kernel_count           kernels that start in the window
--   launched_kernel_count  kernels whose call starts in the window
--   is_cut                 true for a last step with under 80 % of the kernels of the step before
--   verdict                'device_bound' | 'input_bound' | 'sync_bound' | 'launch_bound' (the
--                          host, in many short gaps) | 'host_bound' (in few long ones) | 'waiting'
--                          (for reasons on the device) | 'mixed'; NULL if nothing can be said
--   step_refusal           why parts or verdict are missing; NULL if they are not
-- Never:   WHERE other_ns < 0 OR edge_ns < 0 OR kernel_ns + memcpy_ns
--          + memset_ns + communication_ns + runtime_ns + dataloader_ns + cpu_op_ns + other_ns
--          <> step_ns
-- Plot:    What each step is spent on
WITH several AS (
  SELECT trace_id FROM device_layer
  GROUP BY trace_id
  HAVING min(device_id) < max(device_id)
),

judged AS (
  SELECT
    step.*,
    trace.name AS trace_name,
    trace.time_low_ratio,
    trace.time_high_ratio,
    step.end_ns - step.start_ns AS step_ns,
    step.kernel_ns + step.memcpy_ns + step.memset_ns + step.communication_ns AS gpu_busy_ns,
    CASE
      WHEN step.launch_call_count > 0 AND step.event_count + step.kernel_count = 0
        THEN 'the calls of this window launch work, but none of it was recorded'
      ELSE time_refusal.refusal
    END AS refusal,
    CASE
      WHEN gpu_busy_ns = 0 THEN 'there is no device work in this window'
      WHEN several.trace_id IS NOT NULL THEN 'several devices have no single cause'
    END AS no_verdict,
    coalesce(refusal, no_verdict) IS NULL AS has_verdict,
    if(has_verdict, coalesce(COLUMNS(idle.* EXCLUDE (trace_id, basis, start_ns, end_ns)), 0), NULL)
  FROM step_state AS step
  INNER JOIN trace USING (trace_id)
  INNER JOIN time_refusal USING (trace_id)
  LEFT JOIN step_idle AS idle USING (trace_id, basis, start_ns, end_ns)
  LEFT JOIN several USING (trace_id)
),

added AS (
  SELECT
    *,
    step_ns - gpu_busy_ns - host_sync_ns - host_memory_ns - host_runtime_ns - host_dataloader_ns
    - host_operator_ns - host_other_ns - launch_ns - device_ns - graph_ns - unlinked_ns AS edge_ns,
    host_operator_ns + host_other_ns + host_runtime_ns + launch_ns AS host_ns,
    host_sync_ns + host_memory_ns AS sync_ns,
    device_ns + graph_ns + unlinked_ns AS wait_ns,
    greatest(host_dataloader_ns, sync_ns, wait_ns, edge_ns, host_ns) AS largest_ns
  FROM judged
)

SELECT
  trace_id,
  trace_name,
  basis,
  step,
  start_ns,
  step_ns,
  time_low_ratio,
  time_high_ratio,
  if(refusal IS NULL, COLUMNS([
    'kernel_ns', 'memcpy_ns', 'memset_ns', 'communication_ns', 'runtime_ns', 'dataloader_ns',
    'cpu_op_ns', 'other_ns', 'gpu_busy_ns', 'host_sync_ns', 'host_memory_ns',
    'host_runtime_ns', 'host_dataloader_ns', 'host_operator_ns', 'host_other_ns', 'launch_ns',
    'device_ns', 'graph_ns', 'unlinked_ns', 'host_in_short_ns', 'edge_ns'
  ]), NULL),
  kernel_count,
  launched_kernel_count,
  coalesce(
    lead(start_ns) OVER by_start IS NULL
    AND launched_kernel_count < 0.8 * lag(launched_kernel_count) OVER by_start, FALSE
  ) AS is_cut,
  CASE
    WHEN NOT has_verdict THEN NULL
    WHEN gpu_busy_ns >= device_frac * step_ns THEN 'device_bound'
    WHEN host_dataloader_ns = largest_ns THEN 'input_bound'
    WHEN sync_ns = largest_ns THEN 'sync_bound'
    WHEN wait_ns = largest_ns THEN 'waiting'
    WHEN edge_ns = largest_ns OR host_ns < host_frac * (step_ns - gpu_busy_ns) THEN 'mixed'
    WHEN host_in_short_ns * 2 >= host_ns THEN 'launch_bound'
    ELSE 'host_bound'
  END AS verdict,
  coalesce(refusal, no_verdict) AS step_refusal
FROM added
WINDOW by_start AS (PARTITION BY trace_id, basis ORDER BY start_ns, end_ns, step)
ORDER BY trace_id, basis DESC, start_ns, end_ns, step
