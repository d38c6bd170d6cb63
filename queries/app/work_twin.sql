-- work_twin: the work item of another trace that does the same as one of this trace.
--
-- Why:     "slower than before" is a statement about one kernel and its counterpart.
-- Grain:   one row, or none if the other trace has no such work
-- Inputs:  work, work_component, work_step, work_module, work_op
-- Params:
--   of_trace BIGINT = 1  trace.trace_id of the work item
--   of_work BIGINT = 1   work.work_id
--   in_trace BIGINT = 2  trace.trace_id of the other trace
-- Columns:
--   work_id   in the other trace: as many items of the same component, step, module and operator
--             start before it as before this one
--   start_ns  ns from the other trace's base
--   dur_ns    ns
--   name      kernel or operator
WITH placed AS (
  SELECT
    work.trace_id,
    work.work_id,
    work.start_ns,
    work.dur_ns,
    work.name,
    component,
    step,
    module,
    op_name
  FROM work
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_step USING (trace_id, work_id)
  INNER JOIN work_module USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  WHERE work.trace_id IN (of_trace, in_trace)
),

me AS (
  SELECT
    component,
    step,
    module,
    op_name
  FROM placed
  WHERE trace_id = of_trace AND work_id = of_work
),

alike AS (
  SELECT
    placed.trace_id,
    placed.work_id,
    placed.start_ns,
    placed.dur_ns,
    placed.name,
    row_number() OVER (PARTITION BY placed.trace_id ORDER BY placed.start_ns, placed.work_id)
      AS place
  FROM placed
  INNER JOIN me
    ON
      placed.component = me.component
      AND placed.step IS NOT DISTINCT FROM me.step
      AND placed.module = me.module
      AND placed.op_name = me.op_name
)

SELECT
  twin.work_id,
  twin.start_ns,
  twin.dur_ns,
  twin.name
FROM alike AS own
INNER JOIN alike AS twin USING (place)
WHERE own.trace_id = of_trace AND own.work_id = of_work AND twin.trace_id = in_trace
