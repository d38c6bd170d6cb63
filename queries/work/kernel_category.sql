-- kernel_category: the category of each kernel name, and the rule that decided it.
--
-- Why:     a kernel name occurs thousands of times, so its rules are tried once per name. A user's
--          rules come first. Rules see the first 65,536 characters of a name; the name itself is
--          kept whole.
-- Grain:   one row per (trace_id, name) of work that matches a rule
-- Inputs:  work, kernel_rule, user_kernel_rule
-- From:    work
-- Columns:
--   trace_id  trace.trace_id
--   name      work.name
--   category  see work_category
--   rule      kernel_rule.rule, or 'user rule ' and the rule's number
--   by_user   true if a user's rule decided
WITH name AS (
  -- matching a name of a megabyte would take a second
  SELECT DISTINCT trace_id, name, left(name, 65536) AS start FROM work
),

every_rule AS (
  SELECT
    FALSE AS by_user,
    rule_order,
    rule,
    pattern,
    category
  FROM kernel_rule
  UNION ALL
  SELECT
    TRUE AS by_user,
    rule_order,
    'user rule ' || rule_order AS rule,
    pattern,
    category
  FROM user_kernel_rule
),

decided AS (
  SELECT
    name.trace_id,
    name.name,
    arg_min(every_rule, (NOT every_rule.by_user, every_rule.rule_order)) AS first_rule
  FROM name
  CROSS JOIN every_rule
  WHERE regexp_matches(name.start, every_rule.pattern)
  GROUP BY name.trace_id, name.name
)

SELECT
  trace_id,
  name,
  first_rule.category,
  first_rule.rule,
  first_rule.by_user
FROM decided
