-- work_step: the step of the request that each work item belongs to.
--
-- Why:     steps repeat, but the first and last often differ from the rest.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work_annotation, annotation
-- Columns:
--   trace_id  trace.trace_id
--   work_id   work.work_id
--   step      from the label, else the number of the profiler's step; NULL if no step surrounds the
--             work
--   source    'label' | 'annotation' | 'none'
-- Never:   WHERE (source = 'none') <> (step IS NULL)
WITH found AS (
  SELECT
    work_annotation.trace_id,
    work_annotation.work_id,
    try_cast(label.name AS BIGINT) AS labelled,
    try_cast(split_part(profiler_step.name, '#', 2) AS BIGINT) AS profiled
  FROM work_annotation
  LEFT JOIN annotation AS label
    ON
      work_annotation.trace_id = label.trace_id
      AND work_annotation.step_id = label.annotation_id
  LEFT JOIN annotation AS profiler_step
    ON
      work_annotation.trace_id = profiler_step.trace_id
      AND work_annotation.profiler_step_id = profiler_step.annotation_id
)

SELECT
  trace_id,
  work_id,
  coalesce(labelled, profiled) AS step,
  CASE
    WHEN labelled IS NOT NULL THEN 'label'
    WHEN profiled IS NOT NULL THEN 'annotation'
    ELSE 'none'
  END AS source
FROM found
