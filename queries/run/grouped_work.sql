-- grouped_work: the row of work_group that each work item is added up in, its step and its time.
--
-- Why:     what few work items have in common is looked up in the few rows of work_group, by a
--          number, instead of in eight tables with a row for each item of the trace. The step, the
--          duration and the product are here too, so that sums over some items need one join.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_op, cpu_op, cost_root, product_time, work_category, work_component,
--          work_module, work_attention, work_phase, work_step, work_cost
-- From:    work
-- Columns:
--   trace_id       trace.trace_id
--   work_id        work.work_id
--   first_work_id  work_group.first_work_id
--   step           work_step.step
--   dur_ns         work.dur_ns
--   cost_op_id     product that it is a part of, see product_time; NULL if there is none
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
  work.dur_ns,
  if(work_attention.role IS DISTINCT FROM 'core', product.cost_op_id, NULL) AS cost_op_id
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
LEFT JOIN cost_root
  ON
    work_op.trace_id = cost_root.trace_id
    AND work_op.op_id = cost_root.op_id
    AND cost_root.has_cost
LEFT JOIN product_time AS product
  ON cost_root.trace_id = product.trace_id AND cost_root.cost_op_id = product.cost_op_id
