-- lost_work: work that a change of the program could shorten, each item under one kind of change.
--
-- Why:     a kernel that two fixes would shorten must not be counted twice. What removes the kernel
--          comes before what makes it faster; a cast within a chain goes with the chain. What need
--          not be done at all is in needless_work.
-- Grain:   one row per (trace_id, work_id) of such work
-- Inputs:  grouped_work, work_group, needless_group, attention_loss, fused_loss, copy_loss,
--          product_loss, chain_loss, fusible_group
-- Kept:    view
-- Columns:
--   trace_id           trace.trace_id
--   work_id            work.work_id
--   first_work_id      see grouped_work
--   step               see work_step
--   device_id          work.device_id
--   kind               'unfused_attention' | 'fused_attention' | 'cast' | 'contiguous' |
--                      'float32_product' | 'odd_product' | 'slow_product' | 'kernel_chain'
--   attention_call_id  see attention_loss and fused_loss; NULL for other kinds
--   cost_op_id         see product_loss; NULL for other kinds
--   signature_id       see product_loss; NULL for other kinds
--   is_predicted       true if the predictor says what would stay
--   lost_ns            ns, the item's duration
--   kept_low_ns        ns of it that would stay at least
--   kept_ns            ns of it that would stay
--   kept_high_ns       ns of it that would stay at most
-- Never:   WHERE NOT (0 <= kept_low_ns AND kept_low_ns <= kept_ns AND kept_ns <= kept_high_ns
--          AND kept_high_ns <= lost_ns)
WITH product AS MATERIALIZED (
  SELECT *, TRUE AS is_predicted FROM product_loss
),

found AS (
  FROM attention_loss
  UNION ALL BY NAME
  SELECT *, TRUE AS is_predicted FROM fused_loss
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
  ANTI JOIN product USING (trace_id, work_id)
  ANTI JOIN chain_loss USING (trace_id, work_id)
),

-- mostly none, and looking each chain up among all products takes long
chained AS (
  FROM product
  SEMI JOIN fusible_group USING (trace_id, first_work_id)
),

timed AS (
  SELECT
    found.*,
    grouped_work.first_work_id,
    grouped_work.step,
    grouped_work.dur_ns AS lost_ns
  FROM found
  INNER JOIN grouped_work USING (trace_id, work_id)
  UNION ALL BY NAME
  FROM product
  UNION ALL BY NAME
  SELECT
    trace_id,
    work_id,
    first_work_id,
    step,
    'kernel_chain' AS kind,
    FALSE AS is_predicted,
    lost_ns,
    kept_ns AS kept_low_ns,
    kept_ns,
    2 * kept_ns AS kept_high_ns
  FROM chain_loss
  ANTI JOIN chained USING (trace_id, work_id)
),

layout AS (
  SELECT DISTINCT trace_id, name FROM needless_group
  WHERE kind = 'layout_copy'
),

-- by itself, because each group has thousands of items
needed AS MATERIALIZED (
  SELECT
    trace_id,
    work_group.first_work_id,
    work_group.device_id,
    layout.name IS NOT NULL AS is_layout
  FROM work_group
  LEFT JOIN layout USING (trace_id, name)
  WHERE work_group.pass IS DISTINCT FROM 'recompute'
)

SELECT
  trace_id,
  timed.work_id,
  first_work_id,
  timed.step,
  needed.device_id,
  timed.kind,
  timed.attention_call_id,
  timed.cost_op_id,
  timed.signature_id,
  timed.is_predicted,
  timed.lost_ns,
  least(timed.kept_low_ns, timed.lost_ns) AS kept_low_ns,
  least(timed.kept_ns, timed.lost_ns) AS kept_ns,
  least(coalesce(timed.kept_high_ns, timed.lost_ns), timed.lost_ns) AS kept_high_ns
FROM timed
INNER JOIN needed USING (trace_id, first_work_id)
WHERE NOT needed.is_layout OR timed.attention_call_id IS NOT NULL
