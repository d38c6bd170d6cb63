-- work_step: the step of the request that each work item belongs to.
--
-- Why:     steps repeat, but the first and last often differ from the rest.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work_annotation, known_annotation, profiler_step, repeated_call, kernel_label
-- Texts:   step, source
-- Columns:
--   trace_id  trace.trace_id
--   work_id   work.work_id
--   step      from the label, else from the name of a graph's kernel, else that of the profiler's
--             step (see profiler_step), else the number of the call that surrounds it in
--             repeated_call; NULL if no step surrounds the work
--   source    'label' | 'graph_annotation' | 'annotation' | 'repeat' | 'none'
-- Never:   WHERE (source = 'none') <> (step IS NULL)
WITH named_step AS (
  SELECT trace_id, annotation_id, try_cast(name AS BIGINT) AS labelled
  FROM known_annotation
),

found AS (
  SELECT
    work_annotation.trace_id,
    work_annotation.work_id,
    label.labelled,
    kernel_label.step AS captured,
    profiler_step.step AS profiled,
    coalesce(component_call.step, part_call.step, user_call.step, module_call.step)
      AS repeated
  FROM work_annotation
  LEFT JOIN named_step AS label
    ON
      work_annotation.trace_id = label.trace_id
      AND work_annotation.step_id = label.annotation_id
  LEFT JOIN profiler_step
    ON
      work_annotation.trace_id = profiler_step.trace_id
      AND work_annotation.profiler_step_id = profiler_step.annotation_id
  LEFT JOIN repeated_call AS component_call
    ON
      work_annotation.trace_id = component_call.trace_id
      AND work_annotation.component_id = component_call.annotation_id
  LEFT JOIN repeated_call AS part_call
    ON
      work_annotation.trace_id = part_call.trace_id
      AND work_annotation.user_id = part_call.annotation_id
  LEFT JOIN repeated_call AS user_call
    ON
      work_annotation.trace_id = user_call.trace_id
      AND work_annotation.user_root_id = user_call.annotation_id
  LEFT JOIN repeated_call AS module_call
    ON
      work_annotation.trace_id = module_call.trace_id
      AND work_annotation.python_root_id = module_call.annotation_id
  LEFT JOIN kernel_label
    ON
      work_annotation.trace_id = kernel_label.trace_id
      AND work_annotation.work_id = kernel_label.kernel_id
)

SELECT
  trace_id,
  work_id,
  coalesce(labelled, captured, profiled, repeated) AS step,
  CASE
    WHEN labelled IS NOT NULL THEN 'label'
    WHEN captured IS NOT NULL THEN 'graph_annotation'
    WHEN profiled IS NOT NULL THEN 'annotation'
    WHEN repeated IS NOT NULL THEN 'repeat'
    ELSE 'none'
  END AS source
FROM found
