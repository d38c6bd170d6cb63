-- user_label_rule: the user's own rules for what a range of their program is.
--
-- Why:     only its author knows what a range called 'phase_2' holds.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule_order  order in which rules are tried, before ours; NULL comes last
--   pattern     regular expression, found anywhere in a range's name; its first group, if there is
--               one, is the name of the component or module, the number of the step, or the kind of
--               attention
--   role        'component' | 'step' | 'module' | 'attention' (the module of the attention calls in
--               it) | 'request' (holds all of a request, says nothing)
CREATE TABLE user_label_rule (
  rule_order INTEGER,
  pattern VARCHAR NOT NULL,
  role VARCHAR NOT NULL CHECK (
    role IN ('component', 'step', 'module', 'attention', 'request')
  )
);
