-- training_split: time, FLOPs and bytes of a training step by component, pass and phase.
--
-- Why:     a step's cost can be the frozen network's forward pass, the backward pass, a recomputed
--          one or the update, and each has another remedy.
-- Grain:   one row per (trace_id, component, pass, phase) of a trace with a backward pass
-- Inputs:  trace, cpu_op, work_group
-- Needs:   backward
-- Key:     trace_name, component, pass, phase, work_count, work_ns, work_frac, flops
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   model            trace.model
--   time_source      'gpu' | 'cpu' | 'predicted': where the times come from
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   component        see work_component; backward work belongs to the component of its forward work
--   pass             see work_phase
--   phase            see work_phase
--   work_count       work items
--   work_ns          ns, sum of durations; concurrent work counts twice
--   work_frac        0..1 of the trace's work_ns
--   flops            FLOPs of the operators with known shapes; NULL if there are none
--   bytes            bytes read and written by them; NULL if there are none
--   unknown_count    work items whose FLOPs are unknown
-- Never:   GROUP BY trace_id HAVING abs(sum(work_frac) - 1) > 1e-9
-- Plot:    Time of each component, forward, backward and updating
WITH training AS (
  SELECT DISTINCT trace_id
  FROM cpu_op
  WHERE forward_thread_id > 0
)

SELECT
  trace_id,
  any_value(trace.name) AS trace_name,
  any_value(trace.model) AS model,
  any_value(work_group.time_source) AS time_source,
  any_value(trace.time_low_ratio) AS time_low_ratio,
  any_value(trace.time_high_ratio) AS time_high_ratio,
  work_group.component,
  work_group.pass,
  work_group.phase,
  sum(work_group.work_count)::BIGINT AS work_count,
  try_cast(sum(work_group.work_ns) AS BIGINT) AS work_ns,
  sum(work_group.work_ns)
  / nullif(sum(sum(work_group.work_ns)) OVER (PARTITION BY trace_id), 0) AS work_frac,
  try_cast(sum(work_group.flops) AS BIGINT) AS flops,
  try_cast(sum(work_group.bytes) AS BIGINT) AS bytes,
  coalesce(sum(work_group.work_count) FILTER (WHERE NOT work_group.has_cost), 0)::BIGINT
    AS unknown_count
FROM work_group
SEMI JOIN training USING (trace_id)
INNER JOIN trace USING (trace_id)
GROUP BY trace_id, work_group.component, work_group.pass, work_group.phase
ORDER BY trace_id ASC, work_ns DESC, work_group.component ASC, pass ASC, phase ASC
