-- annotation_role: ranges of other programs that a rule knows, and what each one is.
--
-- Why:     with it, a range that somebody else labelled says as much as a label of a capture. A
--          user's rules come first.
-- Grain:   one row per user range that a rule matches
-- Inputs:  annotation, label_rule, user_label_rule
-- From:    annotation WHERE kind = 'user'
-- Columns:
--   trace_id       trace.trace_id
--   annotation_id  annotation.annotation_id
--   role           see label_rule
--   label          name of the component or module; number of the step, from the range's name, else
--                  in order of start from 0
--   rule           label_rule.rule, or 'user rule'
-- Never:   GROUP BY trace_id, annotation_id HAVING count(*) > 1
WITH name AS (
  SELECT DISTINCT trace_id, name
  FROM annotation
  WHERE kind = 'user'
),

every_rule AS (
  SELECT
    FALSE AS by_user,
    rule_order,
    rule,
    pattern,
    role
  FROM label_rule
  UNION ALL
  SELECT
    TRUE AS by_user,
    coalesce(rule_order, 2147483647) AS rule_order,
    'user rule' AS rule,
    pattern,
    role
  FROM user_label_rule
),

decided AS (
  SELECT
    name.trace_id,
    name.name,
    arg_min(every_rule, (NOT every_rule.by_user, every_rule.rule_order, every_rule.pattern)) AS rule
  FROM name
  CROSS JOIN every_rule
  WHERE regexp_matches(name.name, every_rule.pattern)
  GROUP BY name.trace_id, name.name
),

named AS (
  SELECT
    trace_id,
    name,
    rule.role,
    rule.rule,
    -- a pattern without a group gets an empty one, at the end of the name
    nullif(regexp_extract(name, rule.pattern || '|\z()', 1), '') AS own_label
  FROM decided
)

SELECT
  annotation.trace_id,
  annotation.annotation_id,
  named.role,
  CASE
    WHEN named.role <> 'step' THEN coalesce(named.own_label, annotation.name)
    WHEN try_cast(named.own_label AS BIGINT) IS NOT NULL THEN named.own_label
    ELSE cast(
      row_number() OVER (
        PARTITION BY annotation.trace_id, named.rule, annotation.process_id, annotation.thread_id
        ORDER BY annotation.start_ns, annotation.annotation_id
      ) - 1 AS VARCHAR
    )
  END AS label,
  named.rule
FROM annotation
INNER JOIN named
  ON
    annotation.trace_id = named.trace_id
    AND annotation.name = named.name
    AND annotation.kind = 'user'
