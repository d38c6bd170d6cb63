-- known_annotation: the annotations of a trace; those that a rule knows with their kind and name.
--
-- Why:     whatever reads components, steps and modules must not care who wrote the label.
-- Grain:   one row per (trace_id, annotation_id) of annotation
-- Inputs:  annotation, annotation_role
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   annotation_id  annotation.annotation_id
--   process_id     see annotation
--   thread_id      see annotation
--   start_ns       ns
--   dur_ns         ns
--   name           annotation_role.label of a component, step or module, else annotation.name
--   kind           'component' | 'step' | 'module' | 'attention' | 'request', by rule, else
--                  annotation.kind
--   args           see annotation; the kind of attention if a rule says it
--   is_ruled       true if a rule decides
-- Never:   GROUP BY trace_id, annotation_id HAVING count(*) > 1
SELECT
  annotation.trace_id,
  annotation.annotation_id,
  annotation.process_id,
  annotation.thread_id,
  annotation.start_ns,
  annotation.dur_ns,
  if(annotation_role.role = 'attention', annotation.name, coalesce(
    annotation_role.label, annotation.name
  )) AS name,
  coalesce(annotation_role.role, annotation.kind) AS kind,
  if(
    annotation_role.role = 'attention', json_object('kind', annotation_role.label),
    annotation.args
  ) AS args,
  annotation_role.role IS NOT NULL AS is_ruled
FROM annotation
LEFT JOIN annotation_role USING (trace_id, annotation_id)
