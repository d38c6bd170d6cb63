-- kernel_rule: what a kernel does, by its name.
--
-- Why:     where no operator is known the name is all there is; rules are rows, so that they can be
--          counted, tested and put behind a user's own.
-- Grain:   one row per rule
-- Inputs:  kernel_rule_fused, kernel_rule_matrix, kernel_rule_pointwise
-- Columns:
--   rule_order  the first rule that matches decides
--   rule        short name of the rule
--   pattern     regular expression (RE2) found anywhere in the kernel's name
--   category    see work_class
--   example     a real kernel name that this rule must classify
SELECT
  rule_order,
  rule,
  pattern,
  category,
  example
FROM kernel_rule_fused
UNION ALL
SELECT
  rule_order,
  rule,
  pattern,
  category,
  example
FROM kernel_rule_matrix
UNION ALL
SELECT
  rule_order,
  rule,
  pattern,
  category,
  example
FROM kernel_rule_pointwise
