-- host_sync_call: each time the host waited for a value or copy from the device, and its place.
--
-- Why:     a loop that reads values back leaves the device without work. A GPU trace shows the
--          calls that waited; a dry run shows the operators that would. In a trace of a CPU nothing
--          crosses over, so it has no rows.
-- Grain:   one row per waiting call of a GPU trace, or such operator of a dry run
-- Inputs:  trace, host_wait, cpu_op, annotation_timeline, known_annotation
-- Kept:    view
-- Columns:
--   trace_id   trace.trace_id
--   start_ns   ns from the trace's base
--   op_name    operator that waits, such as 'aten::_local_scalar_dense' for .item(), or the call
--              if it was made outside operators
--   wait_ns    ns, length of the wait; NULL in a dry run, which predicts kernels only
--   component  see work_component, of where the host was; 'unattributed' if it was in none
--   phase      see work_phase
WITH sync AS (
  SELECT
    trace_id,
    start_ns,
    concat_ws(' ', process_id, thread_id) AS track,
    coalesce(op_name, call_name) AS op_name,
    wait_ns
  FROM host_wait
  WHERE kind IN ('explicit', 'copy')
  UNION ALL
  SELECT
    cpu_op.trace_id,
    cpu_op.start_ns,
    concat_ws(' ', cpu_op.process_id, cpu_op.thread_id) AS track,
    cpu_op.name AS op_name,
    NULL AS wait_ns
  FROM cpu_op
  INNER JOIN trace USING (trace_id)
  WHERE
    trace.predicted
    AND (
      starts_with(cpu_op.concrete_inputs, '["DtoH"')
      OR cpu_op.name IN ('aten::nonzero', 'aten::_unique2', 'aten::equal')
    )
)

SELECT
  sync.trace_id,
  sync.start_ns,
  sync.op_name,
  sync.wait_ns,
  coalesce(component.name, split_part(module.name, '.', 1), 'unattributed') AS component,
  CASE
    WHEN starts_with(innermost.name, 'phase:') THEN substr(innermost.name, 7)
    WHEN starts_with(outermost.name, 'phase:') THEN substr(outermost.name, 7)
    ELSE 'unattributed'
  END AS phase
FROM sync
ASOF LEFT JOIN annotation_timeline AS state
  ON
    sync.trace_id = state.trace_id
    AND sync.track = state.track
    AND sync.start_ns >= state.start_ns
LEFT JOIN known_annotation AS component
  ON state.trace_id = component.trace_id AND state.component_id = component.annotation_id
LEFT JOIN known_annotation AS module
  ON state.trace_id = module.trace_id AND state.module_id = module.annotation_id
LEFT JOIN known_annotation AS innermost
  ON state.trace_id = innermost.trace_id AND state.user_id = innermost.annotation_id
LEFT JOIN known_annotation AS outermost
  ON state.trace_id = outermost.trace_id AND state.user_root_id = outermost.annotation_id
