-- kernel_category: the category of each kernel name, and the rule that decided it.
--
-- Why:     a kernel name occurs thousands of times, so its rules are tried once per name. A user's
--          rules come first. Rules see the first 65,536 characters of a name; the name itself is
--          kept whole. Ours see Nsight's '<unnamed>' as '(anonymous namespace)', and no '.kd', with
--          which rocprof ends a name.
-- Grain:   one row per (trace_id, name) of work that matches a rule
-- Inputs:  work, kernel_rule, user_kernel_rule
-- From:    work
-- Columns:
--   trace_id  trace.trace_id
--   name      work.name
--   category  see work_category
--   rule      kernel_rule.rule, or 'user rule ' and the rule's number
--   by_user   true if a user's rule decided
WITH distinct_name AS (
  SELECT DISTINCT
    trace_id,
    name
  FROM work
),

name AS (
  -- matching a name of a megabyte would take a second
  SELECT
    trace_id,
    name,
    left(name, 65536) AS start,
    regexp_replace(
      replace(left(name, 65536), '<unnamed>::', '(anonymous namespace)::'),
      '(\.kd| \[clone \.kd\])$',
      ''
    ) AS plain
  FROM distinct_name
),

matched AS (
  SELECT
    trace_id,
    name,
    (
      SELECT min(user_kernel_rule.rule_order) FROM user_kernel_rule
      WHERE regexp_matches(name.start, user_kernel_rule.pattern)
    ) AS user_order,
    (
      SELECT min(kernel_rule.rule_order) FROM kernel_rule
      WHERE regexp_matches(name.plain, kernel_rule.pattern)
    ) AS rule_order
  FROM name
)

SELECT
  matched.trace_id,
  matched.name,
  coalesce(user_kernel_rule.category, kernel_rule.category) AS category,
  coalesce('user rule ' || matched.user_order, kernel_rule.rule) AS rule,
  matched.user_order IS NOT NULL AS by_user
FROM matched
LEFT JOIN user_kernel_rule ON matched.user_order = user_kernel_rule.rule_order
LEFT JOIN kernel_rule ON matched.rule_order = kernel_rule.rule_order
WHERE coalesce(matched.user_order, matched.rule_order) IS NOT NULL
