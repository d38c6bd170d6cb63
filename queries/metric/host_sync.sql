-- host_sync: where a step makes the host wait for the device: values read back, copies, waits.
--
-- Why:     each one empties the device's queue, and what follows starts late. host_wait_place has
--          the calls and Python lines of a GPU trace; this says which part of the step they are in,
--          also for a dry run.
-- Grain:   one row per (trace_id, phase, component, op_name)
-- Inputs:  trace, host_sync_call
-- Needs:   device_wait
-- Key:     trace_name, phase, component, op_name, sync_count, wait_ns
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   time_source      'gpu' | 'predicted'
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   phase            see work_phase; 'unattributed' without such a range
--   component        see host_sync_call
--   op_name          see host_sync_call
--   sync_count       waits
--   wait_ns          ns, sum of their lengths; NULL in a dry run, which predicts kernels only
-- Never:   WHERE sync_count < 1
-- Plot:    Where a step makes the host wait
SELECT
  trace.trace_id,
  any_value(trace.name) AS trace_name,
  if(any_value(trace.predicted), 'predicted', 'gpu') AS time_source,
  any_value(trace.time_low_ratio) AS time_low_ratio,
  any_value(trace.time_high_ratio) AS time_high_ratio,
  host_sync_call.phase,
  host_sync_call.component,
  host_sync_call.op_name,
  count(*) AS sync_count,
  try_cast(sum(host_sync_call.wait_ns) AS BIGINT) AS wait_ns
FROM host_sync_call
INNER JOIN trace USING (trace_id)
GROUP BY trace.trace_id, host_sync_call.phase, host_sync_call.component, host_sync_call.op_name
ORDER BY trace.trace_id ASC, sync_count DESC, phase ASC, component ASC, op_name ASC
