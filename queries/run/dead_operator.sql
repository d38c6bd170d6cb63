-- dead_operator: operators of a dry run whose results nothing reads, with what they cost.
--
-- Why:     a gradient that is cleared before it is used costs as much as one that is needed. Which
--          results are read follows from the flow of data, which a dry run records; no trace
--          format does.
-- Grain:   one row per such operator
-- Inputs:  trace, cpu_op, work, work_op, work_cost, work_component, work_phase
-- Kept:    view
-- Columns:
--   trace_id   trace.trace_id
--   work_id    work.work_id
--   op_name    see work_op
--   component  see work_component
--   pass       see work_phase
--   phase      see work_phase
--   part       0..1 of the operator: a convolution's gradients count each by itself
--   work_ns    ns, the part of its time
--   flops      the part of its FLOPs; NULL if unknown
--   bytes      the part of its bytes; NULL if unknown
WITH listed AS (
  SELECT
    trace_id,
    unnest(try_cast(manifest -> 'dead_work' AS JSON[])) AS entry
  FROM trace
),

dead AS (
  SELECT
    trace_id,
    try_cast(entry ->> 'operator' AS BIGINT) AS external_id,
    try_cast(entry ->> 'part' AS DOUBLE) AS part
  FROM listed
)

SELECT
  dead.trace_id,
  work.work_id,
  work_op.op_name,
  work_component.component,
  work_phase.pass,
  work_phase.phase,
  dead.part,
  try_cast(round(work.dur_ns * dead.part) AS BIGINT) AS work_ns,
  try_cast(round(work_cost.flops * dead.part) AS BIGINT) AS flops,
  try_cast(round(work_cost.bytes * dead.part) AS BIGINT) AS bytes
FROM dead
INNER JOIN cpu_op USING (trace_id, external_id)
INNER JOIN work ON cpu_op.trace_id = work.trace_id AND cpu_op.op_id = work.op_id
INNER JOIN work_op ON work.trace_id = work_op.trace_id AND work.work_id = work_op.work_id
INNER JOIN work_cost ON work.trace_id = work_cost.trace_id AND work.work_id = work_cost.work_id
INNER JOIN work_component
  ON work.trace_id = work_component.trace_id AND work.work_id = work_component.work_id
INNER JOIN work_phase ON work.trace_id = work_phase.trace_id AND work.work_id = work_phase.work_id
