-- lost_work: work that a change of the program could shorten, each item under one kind of change.
--
-- Why:     a kernel that two fixes would shorten must not be counted twice. What removes the kernel
--          comes before what makes it faster; a cast within a chain goes with the chain. What need
--          not be done at all is in needless_work.
-- Grain:   one row per (trace_id, work_id) of such work
-- Inputs:  work, grouped_work, work_group, needless_group, attention_loss, fused_loss, copy_loss,
--          product_loss, chain_loss
-- Kept:    view
-- Columns:
--   trace_id           trace.trace_id
--   work_id            work.work_id
--   first_work_id      see grouped_work
--   device_id          work.device_id
--   kind               'unfused_attention' | 'fused_attention' | 'cast' | 'contiguous' |
--                      'float32_product' | 'odd_product' | 'slow_product' | 'kernel_chain'
--   attention_call_id  see attention_loss and fused_loss; NULL for other kinds
--   cost_op_id         see product_loss; NULL for other kinds
--   is_predicted       true if the predictor says what would stay
--   lost_ns            ns, the item's duration
--   kept_low_ns        ns of it that would stay at least
--   kept_ns            ns of it that would stay
--   kept_high_ns       ns of it that would stay at most
-- Never:   WHERE NOT (0 <= kept_low_ns AND kept_low_ns <= kept_ns AND kept_ns <= kept_high_ns
--          AND kept_high_ns <= lost_ns)
WITH found AS MATERIALIZED (
  SELECT
    trace_id,
    work_id,
    kind,
    attention_call_id,
    NULL AS cost_op_id,
    is_predicted,
    kept_low_ns,
    kept_ns,
    kept_high_ns
  FROM attention_loss
  UNION ALL BY NAME
  SELECT
    trace_id,
    work_id,
    kind,
    attention_call_id,
    TRUE AS is_predicted,
    kept_low_ns,
    kept_ns,
    kept_high_ns
  FROM fused_loss
  UNION ALL BY NAME
  SELECT
    trace_id,
    work_id,
    kind,
    cost_op_id,
    TRUE AS is_predicted,
    kept_low_ns,
    kept_ns,
    kept_high_ns
  FROM product_loss
  UNION ALL BY NAME
  SELECT
    trace_id,
    work_id,
    'kernel_chain' AS kind,
    FALSE AS is_predicted,
    kept_ns AS kept_low_ns,
    kept_ns,
    2 * kept_ns AS kept_high_ns
  FROM chain_loss
  ANTI JOIN product_loss USING (trace_id, work_id)
  UNION ALL BY NAME
  -- nothing stays if it is unnecessary; all of it may be needed
  SELECT
    trace_id,
    work_id,
    kind,
    FALSE AS is_predicted,
    0 AS kept_low_ns,
    0 AS kept_ns
  FROM copy_loss
  ANTI JOIN product_loss USING (trace_id, work_id)
  ANTI JOIN chain_loss USING (trace_id, work_id)
),

layout AS (
  SELECT DISTINCT trace_id, name FROM needless_group
  WHERE kind = 'layout_copy'
)

SELECT
  trace_id,
  work_id,
  first_work_id,
  work_group.device_id,
  found.kind,
  found.attention_call_id,
  found.cost_op_id,
  found.is_predicted,
  work.dur_ns AS lost_ns,
  least(found.kept_low_ns, work.dur_ns) AS kept_low_ns,
  least(found.kept_ns, work.dur_ns) AS kept_ns,
  least(coalesce(found.kept_high_ns, work.dur_ns), work.dur_ns) AS kept_high_ns
FROM found
INNER JOIN work USING (trace_id, work_id)
INNER JOIN grouped_work USING (trace_id, work_id)
INNER JOIN work_group USING (trace_id, first_work_id)
LEFT JOIN layout ON work_group.trace_id = layout.trace_id AND work_group.name = layout.name
WHERE
  work_group.pass IS DISTINCT FROM 'recompute'
  AND (layout.name IS NULL OR found.attention_call_id IS NOT NULL)
