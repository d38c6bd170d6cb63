-- annotation_role: ranges of other programs that a rule knows, and what each one is.
--
-- Why:     with it, a range that somebody else labelled says as much as a label of a capture.
-- Grain:   one row per user range that a rule matches
-- Inputs:  annotation, label_name
-- From:    annotation WHERE kind = 'user'
-- Columns:
--   trace_id       trace.trace_id
--   annotation_id  annotation.annotation_id
--   role           see label_rule
--   label          name of the component or module; number of the step, from the range's name, else
--                  in order of start from 0; kind of attention, NULL if the rule does not say it
--   rule           label_rule.rule, or 'user rule'
-- Never:   GROUP BY trace_id, annotation_id HAVING count(*) > 1
SELECT
  annotation.trace_id,
  annotation.annotation_id,
  known.role,
  CASE
    WHEN known.role = 'attention' THEN known.own_label
    WHEN known.role <> 'step' THEN coalesce(known.own_label, annotation.name)
    WHEN try_cast(known.own_label AS BIGINT) IS NOT NULL THEN known.own_label
    ELSE cast(
      row_number() OVER (
        PARTITION BY annotation.trace_id, known.rule, annotation.process_id, annotation.thread_id
        ORDER BY annotation.start_ns, annotation.annotation_id
      ) - 1 AS VARCHAR
    )
  END AS label,
  known.rule
FROM annotation
INNER JOIN label_name AS known
  ON
    annotation.trace_id = known.trace_id
    AND annotation.name = known.name
    AND annotation.kind = 'user'
