-- work_class: what each work item computes.
--
-- Why:     "Attention" is its core alone (QK^T, softmax, AV) for some and the whole module with its
--          projections for others, and that changes every share: both partitions are given.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_op, work_attention, operator_class, kernel_class
-- Columns:
--   trace_id         trace.trace_id
--   work_id          work.work_id
--   category         partition `core`: 'attention' | 'linear' | 'convolution' | 'group_norm' |
--                    'normalization' | 'softmax' | 'elementwise' | 'embedding' | 'resampling' |
--                    'reduction' | 'copy' | 'communication' | 'other' | 'unclassified'
--   module_category  partition `module`: 'attention' for all work inside an attention module
--   source           'user_rule' | 'attention' (a call that was recognised) | 'operator' |
--                    'kernel_name' | 'none'
--   rule             the rule that decided; NULL if none did
-- Never:   WHERE category IS NULL OR (source = 'none') <> (category = 'unclassified')
WITH found AS (
  SELECT
    work.trace_id,
    work.work_id,
    work_attention.role,
    kernel_class.by_user,
    kernel_class.category AS kernel_category,
    kernel_class.rule AS kernel_rule,
    called.category AS op_category,
    called.rule AS op_rule,
    outermost.category AS root_category,
    outermost.rule AS root_rule
  FROM work
  INNER JOIN work_op USING (trace_id, work_id)
  INNER JOIN work_attention USING (trace_id, work_id)
  LEFT JOIN kernel_class USING (trace_id, name)
  LEFT JOIN operator_class AS called
    ON work_op.trace_id = called.trace_id AND work_op.op_name = called.name
  LEFT JOIN operator_class AS outermost
    ON work_op.trace_id = outermost.trace_id AND work_op.root_op_name = outermost.name
),

classed AS (
  SELECT
    trace_id,
    work_id,
    role,
    CASE
      WHEN by_user THEN ('user_rule', kernel_category, kernel_rule)
      WHEN role = 'core' AND coalesce(op_category, kernel_category, '') <> 'attention'
        THEN ('attention', 'attention', 'attention_call')
      WHEN op_category IS NOT NULL THEN ('operator', op_category, op_rule)
      WHEN kernel_category IS NOT NULL THEN ('kernel_name', kernel_category, kernel_rule)
      WHEN root_category IS NOT NULL THEN ('operator', root_category, root_rule)
      ELSE ('none', 'unclassified', NULL)
    END AS answer
  FROM found
)

SELECT
  trace_id,
  work_id,
  answer[2] AS category,
  if(role IN ('core', 'module'), 'attention', answer[2]) AS module_category,
  answer[1] AS source,
  answer[3] AS rule
FROM classed
