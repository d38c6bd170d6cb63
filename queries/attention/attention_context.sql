-- attention_context: the component and step of each attention call.
--
-- Why:     a call belongs to a component even if its kernels were not recorded.
-- Grain:   one row per attention call
-- Inputs:  attention_annotation, attention_range, known_annotation, module_root, repeated_call,
--          kernel_label
-- From:    attention_annotation
-- Columns:
--   trace_id           trace.trace_id
--   attention_call_id  see attention_annotation
--   component          see work_component; 'unattributed' if no range surrounds the call
--   step               see work_step; NULL if unknown
WITH found AS (
  SELECT
    enclosing.trace_id,
    enclosing.attention_call_id,
    coalesce(
      component.name, split_part(module.name, '.', 1), split_part(attention_range.site, '.', 1)
    ) AS labelled,
    module_root.root_class,
    user_range.name AS user_range,
    try_cast(step.name AS BIGINT) AS labelled_step,
    try_cast(split_part(profiler_step.name, '#', 2) AS BIGINT) AS profiled_step,
    coalesce(component_call.step, part_call.step, user_call.step, module_call.step)
      AS repeated_step,
    kernel_label.component AS captured,
    split_part(kernel_label.module, '.', 1) AS captured_module,
    kernel_label.step AS captured_step
  FROM attention_annotation AS enclosing
  LEFT JOIN attention_range USING (trace_id, range_id)
  LEFT JOIN known_annotation AS component
    ON enclosing.trace_id = component.trace_id AND enclosing.component_id = component.annotation_id
  LEFT JOIN known_annotation AS module
    ON enclosing.trace_id = module.trace_id AND enclosing.module_id = module.annotation_id
  LEFT JOIN module_root
    ON
      enclosing.trace_id = module_root.trace_id
      AND enclosing.python_module_id = module_root.annotation_id
  LEFT JOIN known_annotation AS user_range
    ON
      enclosing.trace_id = user_range.trace_id
      AND enclosing.user_root_id = user_range.annotation_id
  LEFT JOIN known_annotation AS step
    ON enclosing.trace_id = step.trace_id AND enclosing.step_id = step.annotation_id
  LEFT JOIN known_annotation AS profiler_step
    ON
      enclosing.trace_id = profiler_step.trace_id
      AND enclosing.profiler_step_id = profiler_step.annotation_id
  LEFT JOIN repeated_call AS component_call
    ON
      enclosing.trace_id = component_call.trace_id
      AND enclosing.component_id = component_call.annotation_id
  LEFT JOIN repeated_call AS part_call
    ON
      enclosing.trace_id = part_call.trace_id
      AND enclosing.user_id = part_call.annotation_id
  LEFT JOIN repeated_call AS user_call
    ON
      enclosing.trace_id = user_call.trace_id
      AND enclosing.user_root_id = user_call.annotation_id
  LEFT JOIN repeated_call AS module_call
    ON
      enclosing.trace_id = module_call.trace_id
      AND enclosing.python_root_id = module_call.annotation_id
  LEFT JOIN kernel_label
    ON
      enclosing.trace_id = kernel_label.trace_id
      AND enclosing.lead_work_id = kernel_label.kernel_id
)

SELECT
  trace_id,
  attention_call_id,
  coalesce(captured, labelled, user_range, root_class, captured_module, 'unattributed')
    AS component,
  coalesce(labelled_step, captured_step, profiled_step, repeated_step) AS step
FROM found
