-- dead_work: what a dry run computes and nothing reads, by phase, component and operator.
--
-- Why:     gradients that are cleared before an update, or a result that nobody takes, cost time
--          and show in no profile as waste.
-- Grain:   one row per (trace_id, phase, component, pass, op_name)
-- Inputs:  trace, work, work_cost, dead_operator
-- Needs:   data_flow
-- Key:     trace_name, component, pass, op_name, work_count, work_ns, work_frac, flops_frac
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   time_source      'predicted': only a dry run follows the data
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   phase            see work_phase
--   component        see work_component
--   pass             see work_phase
--   op_name          see work_op
--   work_count       operators, those included that are dead in part
--   work_ns          ns, predicted
--   work_frac        0..1 of the trace's work_ns
--   flops            FLOPs; NULL if unknown
--   flops_frac       0..1 of the trace's FLOPs; NULL if there are none
--   bytes            bytes read and written; NULL if unknown
-- Never:   WHERE work_frac > 1 + 1e-9 OR flops_frac > 1 + 1e-9
-- Plot:    FLOPs whose result nothing reads
WITH whole AS (
  SELECT
    work.trace_id,
    sum(work.dur_ns) AS work_ns,
    sum(work_cost.flops) AS flops
  FROM work
  SEMI JOIN dead_operator USING (trace_id)
  INNER JOIN work_cost USING (trace_id, work_id)
  GROUP BY work.trace_id
)

SELECT
  trace.trace_id,
  any_value(trace.name) AS trace_name,
  'predicted' AS time_source,
  any_value(trace.time_low_ratio) AS time_low_ratio,
  any_value(trace.time_high_ratio) AS time_high_ratio,
  dead_operator.phase,
  dead_operator.component,
  dead_operator.pass,
  dead_operator.op_name,
  count(*) AS work_count,
  try_cast(sum(dead_operator.work_ns) AS BIGINT) AS work_ns,
  sum(dead_operator.work_ns) / nullif(any_value(whole.work_ns), 0) AS work_frac,
  try_cast(sum(dead_operator.flops) AS BIGINT) AS flops,
  sum(dead_operator.flops) / nullif(any_value(whole.flops), 0) AS flops_frac,
  try_cast(sum(dead_operator.bytes) AS BIGINT) AS bytes
FROM dead_operator
INNER JOIN trace USING (trace_id)
INNER JOIN whole USING (trace_id)
GROUP BY
  trace.trace_id, dead_operator.phase, dead_operator.component, dead_operator.pass,
  dead_operator.op_name
ORDER BY trace.trace_id ASC, flops DESC, bytes DESC, phase ASC, component ASC, op_name ASC
