-- work_component: the part of the pipeline that each work item belongs to.
--
-- Why:     text encoder, denoiser and decoder behave differently and need different optimizations.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work_annotation, known_annotation, module_root, kernel_label
-- Texts:   component, source
-- Columns:
--   trace_id   trace.trace_id
--   work_id    work.work_id
--   component  from the label, else the outermost user range that the framework did not write: a
--              stage holds all that ran in it; else the class of the outermost nn.Module.
--              A component that the name of a graph's kernel gives comes first, the first part
--              of a module that it gives last; 'unattributed' if there is none of these
--   source     'graph_annotation' (see kernel_label) | 'label' | 'python_module' | 'annotation' |
--              'none'
-- Never:   WHERE (source = 'none') <> (component = 'unattributed')
WITH found AS (
  SELECT
    work_annotation.trace_id,
    work_annotation.work_id,
    -- a rule names the module of a call, not its path
    if(attention.is_ruled, NULL, split_part(attention.name, '.', 1)) AS attention_label,
    coalesce(label.name, split_part(module.name, '.', 1), attention_label)
      AS labelled,
    module_root.root_class,
    user_root.name AS user_root,
    kernel_label.component AS captured,
    split_part(kernel_label.module, '.', 1) AS captured_module
  FROM work_annotation
  LEFT JOIN known_annotation AS label
    ON
      work_annotation.trace_id = label.trace_id
      AND work_annotation.component_id = label.annotation_id
  LEFT JOIN known_annotation AS module
    ON
      work_annotation.trace_id = module.trace_id
      AND work_annotation.module_id = module.annotation_id
  LEFT JOIN known_annotation AS attention
    ON
      work_annotation.trace_id = attention.trace_id
      AND work_annotation.attention_id = attention.annotation_id
  LEFT JOIN module_root
    ON
      work_annotation.trace_id = module_root.trace_id
      AND work_annotation.python_module_id = module_root.annotation_id
  LEFT JOIN known_annotation AS user_root
    ON
      work_annotation.trace_id = user_root.trace_id
      AND work_annotation.user_root_id = user_root.annotation_id
  LEFT JOIN kernel_label
    ON
      work_annotation.trace_id = kernel_label.trace_id
      AND work_annotation.work_id = kernel_label.kernel_id
)

SELECT
  trace_id,
  work_id,
  coalesce(captured, labelled, user_root, root_class, captured_module, 'unattributed')
    AS component,
  CASE
    WHEN captured IS NOT NULL THEN 'graph_annotation'
    WHEN labelled IS NOT NULL THEN 'label'
    WHEN user_root IS NOT NULL THEN 'annotation'
    WHEN root_class IS NOT NULL THEN 'python_module'
    WHEN captured_module IS NOT NULL THEN 'graph_annotation'
    ELSE 'none'
  END AS source
FROM found
