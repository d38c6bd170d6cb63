-- attention_core: the work in the core of an attention call (132 lines because it excludes some).
--
-- Why:     the core is QK^T, scale, mask, softmax and AV. Inside a label or a fused operator all
--          work counts, except writes to a key-value cache and embeddings. Between the products of
--          an unfused call other operators run too, so only those that read something of the
--          scores' size count. Kernels of a graph replay have no
--          operator: each kernel with an attention name is one call, and helpers, such as a combine
--          step, go with the attention kernel before them on their stream.
-- Grain:   one row per (trace_id, work_id) of work in a core
-- Inputs:  work, work_op, work_call, cpu_op, cpu_op_parent, operator_category, kernel_category,
--          attention_range, attention_scores
-- From:    attention_range, kernel_category WHERE category = 'attention'
-- Columns:
--   trace_id      trace.trace_id
--   work_id       work.work_id
--   range_id      attention_range.range_id; NULL if the call is known only by a kernel's name
--   lead_work_id  the kernel whose name shows the call; NULL if a range shows it
WITH inside AS (
  SELECT
    work_call.trace_id,
    work_call.work_id,
    attention_range.range_id,
    if(attention_range.source = 'unfused', attention_range.source_id, NULL) AS softmax_op_id
  FROM work_call
  -- skip threads without attention, usually nearly all, to avoid sorting all work
  SEMI JOIN attention_range AS known
    ON work_call.trace_id = known.trace_id AND work_call.forward_track = known.track
  ASOF INNER JOIN attention_range
    ON
      work_call.trace_id = attention_range.trace_id
      AND work_call.forward_track = attention_range.track
      AND work_call.forward_called_ns >= attention_range.start_ns
  WHERE work_call.forward_called_ns < attention_range.end_ns
),

-- without shapes nothing shows what reads the scores, so all work between the products counts
weighed AS (
  SELECT
    inside.trace_id,
    inside.work_id,
    inside.range_id,
    scores.softmax_op_id IS NULL
    OR cpu_op.op_id IN (scores.qk_op_id, scores.av_op_id)
    OR list_contains(
      list_transform(
        try(json_extract(cpu_op.input_dims, '$[*]')),
        LAMBDA entry: try_cast(list_product(try_cast(entry AS BIGINT[])) AS BIGINT)
      ),
      scores.score_count
    ) AS is_core
  FROM inside
  LEFT JOIN attention_scores AS scores USING (trace_id, softmax_op_id)
  LEFT JOIN work_op
    ON inside.trace_id = work_op.trace_id AND inside.work_id = work_op.work_id
  LEFT JOIN cpu_op
    ON work_op.trace_id = cpu_op.trace_id AND work_op.op_id = cpu_op.op_id
),

-- a cache that the call writes and an embedding of positions are not its core
excluded AS (
  SELECT
    inside.trace_id,
    inside.work_id
  FROM inside
  INNER JOIN work USING (trace_id, work_id)
  INNER JOIN kernel_category USING (trace_id, name)
  WHERE kernel_category.rule = 'kv_cache'
  UNION ALL
  SELECT
    inside.trace_id,
    inside.work_id
  FROM inside
  INNER JOIN work_op USING (trace_id, work_id)
  LEFT JOIN cpu_op_parent USING (trace_id, op_id)
  LEFT JOIN cpu_op AS caller
    ON inside.trace_id = caller.trace_id AND cpu_op_parent.parent_op_id = caller.op_id
  LEFT JOIN operator_category AS called
    ON inside.trace_id = called.trace_id AND work_op.op_name = called.name
  LEFT JOIN operator_category AS around
    ON inside.trace_id = around.trace_id AND caller.name = around.name
  WHERE called.rule IN ('cache', 'embedding') OR around.rule IN ('cache', 'embedding')
),

ranged AS (
  SELECT
    trace_id,
    work_id,
    range_id
  FROM weighed
  ANTI JOIN excluded USING (trace_id, work_id)
  WHERE is_core
),

named AS (
  SELECT
    work.trace_id,
    work.work_id,
    work.device_id,
    work.stream_id,
    work.start_ns,
    kernel_category.rule = 'attention_helper' AS is_helper
  FROM work
  INNER JOIN kernel_category USING (trace_id, name)
  ANTI JOIN ranged USING (trace_id, work_id)
  WHERE work.time_source = 'gpu' AND kernel_category.category = 'attention'
),

leader AS (
  FROM named
  WHERE NOT is_helper
)

SELECT
  trace_id,
  work_id,
  range_id,
  cast(NULL AS BIGINT) AS lead_work_id
FROM ranged
UNION ALL
SELECT
  named.trace_id,
  named.work_id,
  NULL AS range_id,
  if(named.is_helper, leader.work_id, named.work_id) AS lead_work_id
FROM named
ASOF LEFT JOIN leader
  ON
    named.trace_id = leader.trace_id
    AND named.device_id = leader.device_id
    AND named.stream_id = leader.stream_id
    AND named.start_ns >= leader.start_ns
WHERE NOT named.is_helper OR leader.work_id IS NOT NULL
