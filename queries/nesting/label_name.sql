-- label_name: names of ranges, and of a graph's kernels, that a rule knows, and what each one is.
--
-- Why:     a trace has few names and many ranges, so each name is matched once. A user's rules come
--          first.
-- Grain:   one row per (trace_id, name) that a rule matches
-- Inputs:  annotation, kernel, label_rule, user_label_rule
-- From:    annotation WHERE kind = 'user', kernel WHERE annotation IS NOT NULL
-- Columns:
--   trace_id   trace.trace_id
--   name       annotation.name or kernel.annotation
--   role       see label_rule
--   rule       label_rule.rule, or 'user rule'
--   own_label  what the first group of the rule's pattern matches; NULL if it has none, or if it
--              should be a kind of attention and is none
-- Never:   GROUP BY trace_id, name HAVING count(*) > 1
WITH name AS (
  SELECT trace_id, name
  FROM annotation
  WHERE kind = 'user'
  UNION
  SELECT trace_id, annotation AS name
  FROM kernel
  WHERE annotation IS NOT NULL
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

labelled AS (
  SELECT
    trace_id,
    name,
    rule,
    -- a pattern without a group gets an empty one, at the end of the name
    nullif(regexp_extract(name, rule.pattern || '|\z()', 1), '') AS own
  FROM decided
)

SELECT
  trace_id,
  name,
  rule.role,
  rule.rule,
  CASE
    WHEN rule.role <> 'attention' THEN own
    WHEN
      lower(own) IN ('self', 'cross', 'self+text', 'joint', 'spatial', 'temporal', 'causal')
      THEN lower(own)
  END AS own_label
FROM labelled
