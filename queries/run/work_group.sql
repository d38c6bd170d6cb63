-- work_group: the work of a trace added up by all that is known of it except its step.
--
-- Why:     a program has few combinations of kernel, operator, shapes and place, however long it
--          runs. Answers add these sums up, instead of joining millions of work items.
-- Grain:   one row per combination of trace_id and the columns from time_source to has_cost
-- Inputs:  work, work_op, cpu_op, work_category, work_component, work_module, work_attention,
--          work_phase, work_step, work_cost, idle_gap, limit_constant
-- From:    work
-- Columns:
--   trace_id          trace.trace_id
--   first_work_id     the lowest work.work_id of them, see grouped_work
--   time_source       work.time_source
--   device_id         work.device_id
--   name              work.name
--   op_name           work_op.op_name
--   input_dims        cpu_op.input_dims of that operator; NULL if unknown
--   has_operator      whether work_op.op_id is known
--   op_source         work_op.source
--   category          work_category.category
--   module_category   work_category.module_category
--   category_source   work_category.source
--   component         work_component.component
--   component_source  work_component.source
--   module            work_module.module
--   module_source     work_module.source
--   role              work_attention.role
--   pass              work_phase.pass
--   phase             work_phase.phase
--   step_source       work_step.source; 'none' outside steps
--   has_cost          whether the FLOPs are known
--   step              work_step.step of all of them; NULL if there are several or none
--   start_ns          ns, earliest work.start_ns of them
--   work_count        work items
--   begin_ns          ns in which devices were idle before kernels that they had been asked for, at
--                     most limit_constant.queued_gap_high_ns each: more is a wait for something
--   work_ns           ns, sum of durations; a DECIMAL as the next two, see work_sum
--   flops             FLOPs; NULL if has_cost is false
--   bytes             bytes read and written; NULL if unknown for all of the work
-- Never:   WHERE work_count < 1 OR has_cost <> (flops IS NOT NULL)
SELECT
  trace_id,
  min(work_id) AS first_work_id,
  work.time_source,
  work.device_id,
  work.name,
  work_op.op_name,
  cpu_op.input_dims,
  work_op.op_id IS NOT NULL AS has_operator,
  work_op.source AS op_source,
  work_category.category,
  work_category.module_category,
  work_category.source AS category_source,
  work_component.component,
  work_component.source AS component_source,
  work_module.module,
  work_module.source AS module_source,
  work_attention.role,
  work_phase.pass,
  work_phase.phase,
  work_step.source AS step_source,
  work_cost.flops IS NOT NULL AS has_cost,
  if(min(work_step.step) = max(work_step.step), min(work_step.step), NULL) AS step,
  min(work.start_ns) AS start_ns,
  count(*) AS work_count,
  cast(sum(
    least(coalesce(idle_gap.device_ns, 0), limit_constant.queued_gap_high_ns)
  ) AS BIGINT) AS begin_ns,
  sum(work.dur_ns)::DECIMAL(38, 0) AS work_ns,
  sum(work_cost.flops)::DECIMAL(38, 0) AS flops,
  sum(work_cost.bytes)::DECIMAL(38, 0) AS bytes
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
LEFT JOIN idle_gap
  ON work.trace_id = idle_gap.trace_id AND work.kernel_id = idle_gap.kernel_id
CROSS JOIN limit_constant
GROUP BY ALL
