-- work_category: what each work item computes.
--
-- Why:     for some, "attention" is only its core (QK^T, softmax, AV), for others the whole module
--          with its projections, so both partitions are given. The operator decides before the
--          kernel's name, except wrappers, such as views and custom autograd functions, which only
--          decide on their own time, and except writes to a cache inside attention. A layer of
--          experts also decides on kernels whose name no rule knows.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_op, work_attention, operator_category, kernel_category
-- Texts:   category, module_category, source, rule
-- Columns:
--   trace_id         trace.trace_id
--   work_id          work.work_id
--   category         partition `core`: 'attention' | 'linear' | 'convolution' | 'group_norm' |
--                    'normalization' | 'softmax' | 'elementwise' | 'quantization' (casts to and
--                    from 8 and 4 bits) | 'embedding' | 'resampling' | 'reduction' | 'copy' |
--                    'communication' | 'other' | 'unclassified'
--   module_category  partition `module`: 'attention' for all work inside an attention module
--   source           'user_rule' | 'attention' (a call) | 'operator' | 'kernel_name' | 'none'
--   rule             the rule that decided; NULL if none did
-- Never:   WHERE category IS NULL OR (source = 'none') <> (category = 'unclassified')
WITH known AS (
  SELECT *, FALSE AS is_wrapper, TRUE AS is_kernel FROM kernel_category
  UNION ALL BY NAME
  SELECT *, FALSE AS by_user, FALSE AS is_kernel FROM operator_category
),

listed AS MATERIALIZED (
  SELECT *, row_number() OVER () AS category_number FROM known
),

-- join on integer ids and look the names up last, because joining on text is slow
by_name AS (
  SELECT
    work.trace_id,
    work.work_id,
    kernel.by_user,
    kernel.category_number,
    kernel.category = 'attention' AS is_attention,
    kernel.rule = 'kv_cache' AS is_cache_write
  FROM work
  INNER JOIN listed AS kernel
    ON work.trace_id = kernel.trace_id AND work.name = kernel.name AND kernel.is_kernel
),

by_operator AS (
  SELECT
    work_op.trace_id,
    work_op.work_id,
    if(called.is_wrapper AND work_op.source <> 'self', NULL, called.category_number)
      AS category_number,
    called.category = 'attention' AS is_attention,
    coalesce(
      if(called.category = 'other', NULL, called.category_number),
      if(outermost.is_wrapper, NULL, outermost.category_number)
    ) AS last_category_number
  FROM work_op
  LEFT JOIN listed AS called
    ON
      work_op.trace_id = called.trace_id
      AND work_op.op_name = called.name
      AND NOT called.is_kernel
  LEFT JOIN listed AS outermost
    ON
      work_op.trace_id = outermost.trace_id
      AND work_op.root_op_name = outermost.name
      AND NOT outermost.is_kernel
),

decided AS (
  SELECT
    work_attention.trace_id,
    work_attention.work_id,
    work_attention.role,
    CASE
      WHEN by_name.by_user THEN 'user_rule'
      WHEN
        work_attention.role = 'core'
        AND NOT coalesce(by_operator.is_attention, by_name.is_attention, FALSE)
        THEN 'attention'
      WHEN by_name.is_cache_write AND by_operator.is_attention THEN 'kernel_name'
      WHEN by_operator.category_number IS NOT NULL THEN 'operator'
      WHEN by_name.category_number IS NOT NULL THEN 'kernel_name'
      WHEN by_operator.last_category_number IS NOT NULL THEN 'operator'
      ELSE 'none'
    END AS source,
    CASE source
      WHEN 'user_rule' THEN by_name.category_number
      WHEN 'operator' THEN coalesce(by_operator.category_number, by_operator.last_category_number)
      WHEN 'kernel_name' THEN by_name.category_number
    END AS category_number
  FROM work_attention
  INNER JOIN by_operator USING (trace_id, work_id)
  LEFT JOIN by_name USING (trace_id, work_id)
),

answered AS (
  SELECT
    decided.trace_id,
    decided.work_id,
    decided.role,
    decided.source,
    CASE decided.source
      WHEN 'attention' THEN 'attention'
      WHEN 'none' THEN 'unclassified'
      ELSE listed.category
    END AS answer,
    if(decided.source = 'attention', 'attention_call', listed.rule) AS rule
  FROM decided
  LEFT JOIN listed USING (category_number)
)

SELECT
  trace_id,
  work_id,
  answer AS category,
  if(role IN ('core', 'module'), 'attention', answer) AS module_category,
  source,
  rule
FROM answered
