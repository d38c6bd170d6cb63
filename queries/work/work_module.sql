-- work_module: the innermost module that each work item belongs to.
--
-- Why:     the module's path shows where to change the code.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work_annotation, known_annotation, kernel_label
-- Texts:   module, module_class, source
-- Columns:
--   trace_id      trace.trace_id
--   work_id       work.work_id
--   module        from the name of a graph's kernel, else from the label, else the innermost
--                 nn.Module frame, else the innermost user range or part of a stage (see
--                 annotation_timeline); 'unattributed' if nothing surrounds the work
--   module_class  class of the module; NULL if unknown
--   source        'graph_annotation' (see kernel_label) | 'label' | 'python_module' |
--                 'annotation' | 'none'
-- Never:   WHERE (source = 'none') <> (module = 'unattributed')
WITH module_frame AS (
  -- Class_3 is the name of the frame of the third instance of Class
  SELECT
    trace_id,
    annotation_id,
    name,
    coalesce(nullif(array_to_string(string_split(name, '_')[:-2], '_'), ''), name) AS class
  FROM known_annotation
),

found AS (
  SELECT
    work_annotation.trace_id,
    work_annotation.work_id,
    coalesce(label.name, attention.name) AS labelled,
    label.args ->> 'class' AS labelled_class,
    frame.name AS frame,
    frame.class AS frame_class,
    user_range.name AS user_range,
    kernel_label.module AS captured
  FROM work_annotation
  LEFT JOIN known_annotation AS label
    ON
      work_annotation.trace_id = label.trace_id
      AND work_annotation.module_id = label.annotation_id
  LEFT JOIN known_annotation AS attention
    ON
      work_annotation.trace_id = attention.trace_id
      AND work_annotation.attention_id = attention.annotation_id
  LEFT JOIN module_frame AS frame
    ON
      work_annotation.trace_id = frame.trace_id
      AND work_annotation.python_module_id = frame.annotation_id
  LEFT JOIN known_annotation AS user_range
    ON
      work_annotation.trace_id = user_range.trace_id
      AND work_annotation.user_id = user_range.annotation_id
  LEFT JOIN kernel_label
    ON
      work_annotation.trace_id = kernel_label.trace_id
      AND work_annotation.work_id = kernel_label.kernel_id
)

SELECT
  trace_id,
  work_id,
  coalesce(captured, labelled, frame, user_range, 'unattributed') AS module,
  CASE
    WHEN captured IS NOT NULL THEN NULL
    WHEN labelled IS NOT NULL THEN labelled_class
    ELSE frame_class
  END AS module_class,
  CASE
    WHEN captured IS NOT NULL THEN 'graph_annotation'
    WHEN labelled IS NOT NULL THEN 'label'
    WHEN frame IS NOT NULL THEN 'python_module'
    WHEN user_range IS NOT NULL THEN 'annotation'
    ELSE 'none'
  END AS source
FROM found
