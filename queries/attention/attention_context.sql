-- attention_context: the component and step of each attention call.
--
-- Why:     a call belongs to a component even if its kernels were not recorded.
-- Grain:   one row per attention call
-- Inputs:  attention_annotation, attention_range, annotation, module_root
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
    try_cast(split_part(profiler_step.name, '#', 2) AS BIGINT) AS profiled_step
  FROM attention_annotation AS enclosing
  LEFT JOIN attention_range USING (trace_id, range_id)
  LEFT JOIN annotation AS component
    ON enclosing.trace_id = component.trace_id AND enclosing.component_id = component.annotation_id
  LEFT JOIN annotation AS module
    ON enclosing.trace_id = module.trace_id AND enclosing.module_id = module.annotation_id
  LEFT JOIN module_root
    ON
      enclosing.trace_id = module_root.trace_id
      AND enclosing.python_module_id = module_root.annotation_id
  LEFT JOIN annotation AS user_range
    ON
      enclosing.trace_id = user_range.trace_id
      AND enclosing.user_root_id = user_range.annotation_id
  LEFT JOIN annotation AS step
    ON enclosing.trace_id = step.trace_id AND enclosing.step_id = step.annotation_id
  LEFT JOIN annotation AS profiler_step
    ON
      enclosing.trace_id = profiler_step.trace_id
      AND enclosing.profiler_step_id = profiler_step.annotation_id
)

SELECT
  trace_id,
  attention_call_id,
  coalesce(labelled, root_class, user_range, 'unattributed') AS component,
  coalesce(labelled_step, profiled_step) AS step
FROM found
