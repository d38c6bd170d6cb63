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
WITH me AS (
  SELECT
    component,
    step,
    module,
    op_name
  FROM work_component
  INNER JOIN work_step USING (trace_id, work_id)
  INNER JOIN work_module USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  WHERE work_component.trace_id = of_trace AND work_component.work_id = of_work
),

-- the module first: it leaves few items to look up
within AS (
  SELECT
    work_module.trace_id,
    work_module.work_id
  FROM work_module
  INNER JOIN me USING (module)
  WHERE work_module.trace_id IN (of_trace, in_trace)
),

alike AS (
  SELECT
    work.trace_id,
    work.work_id,
    work.start_ns,
    work.dur_ns,
    work.name,
    row_number() OVER (PARTITION BY work.trace_id ORDER BY work.start_ns, work.work_id) AS place
  FROM within
  INNER JOIN work USING (trace_id, work_id)
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_step USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  INNER JOIN me
    ON
      work_component.component = me.component
      AND coalesce(work_step.step, -1) = coalesce(me.step, -1)
      AND work_op.op_name = me.op_name
)

SELECT
  twin.work_id,
  twin.start_ns,
  twin.dur_ns,
  twin.name
FROM alike AS own
INNER JOIN alike AS twin USING (place)
WHERE own.trace_id = of_trace AND own.work_id = of_work AND twin.trace_id = in_trace
