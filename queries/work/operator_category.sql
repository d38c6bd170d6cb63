-- operator_category: the category of each operator name, and the rule that decided it.
--
-- Why:     an operator name occurs thousands of times, so its rules are tried once per name. Rules
--          see the first 65,536 characters of a name; the name itself is kept whole.
-- Grain:   one row per (trace_id, name) of an operator that matches a rule
-- Inputs:  cpu_op, kernel_label, operator_rule
-- From:    cpu_op, kernel_label
-- Columns:
--   trace_id    trace.trace_id
--   name        cpu_op.name or kernel_label.op_name
--   category    see work_category
--   rule        operator_rule.rule
--   is_wrapper  see operator_rule
WITH name AS (
  -- matching a name of a megabyte would take a second
  SELECT DISTINCT trace_id, name, left(name, 65536) AS start FROM cpu_op
  UNION
  SELECT trace_id, op_name AS name, left(op_name, 65536) AS start FROM kernel_label
  WHERE op_name IS NOT NULL
),

matched AS (
  SELECT
    trace_id,
    name,
    (
      SELECT min(operator_rule.rule_order) FROM operator_rule
      WHERE regexp_matches(name.start, operator_rule.pattern)
    ) AS rule_order
  FROM name
)

SELECT
  matched.trace_id,
  matched.name,
  operator_rule.category,
  operator_rule.rule,
  operator_rule.is_wrapper
FROM matched
INNER JOIN operator_rule USING (rule_order)
