-- grouped_work: the row of work_group that each work item is added up in, its step and its time.
--
-- Why:     what few work items have in common is looked up in the few rows of work_group, by a
--          number, instead of in eight tables with a row for each item of the trace. The step and
--          the duration are here too, so that sums over some items need one join.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_op, cpu_op, work_category, work_component, work_module, work_attention,
--          work_phase, work_step, work_cost
-- From:    work
-- Columns:
--   trace_id       trace.trace_id
--   work_id        work.work_id
--   first_work_id  work_group.first_work_id
--   step           work_step.step
--   dur_ns         work.dur_ns
-- Never:   WHERE first_work_id > work_id
SELECT
  trace_id,
  work_id,
  min(work_id) OVER (
    PARTITION BY
      trace_id, work.time_source, work.device_id, work.name,
      work_op.op_name, cpu_op.input_dims, work_op.op_id IS NOT NULL, work_op.source,
      work_category.category, work_category.module_category, work_category.source,
      work_component.component, work_component.source, work_module.module, work_module.source,
      work_attention.role, work_phase.pass, work_phase.phase, work_step.source,
      work_cost.flops IS NOT NULL
  ) AS first_work_id,
  work_step.step,
  work.dur_ns
FROM work
INNER JOIN work_op USING (trace_id, work_id)
INNER JOIN work_category USING (trace_id, work_id)
INNER JOIN work_component USING (trace_id, work_id)
INNER JOIN work_module USING (trace_id, work_id)
INNER JOIN work_attention USING (trace_id, work_id)
INNER JOIN work_phase USING (trace_id, work_id)
INNER JOIN work_step USING (trace_id, work_id)
INNER JOIN work_cost USING (trace_id, work_id)
LEFT JOIN cpu_op ON work_op.trace_id = cpu_op.trace_id AND work_op.op_id = cpu_op.op_id
