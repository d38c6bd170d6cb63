-- attention_range: where on the host each attention call was requested, and how it is known.
--
-- Why:     a label is the most reliable source. A fused operator inside a label, or an unfused call
--          inside a fused operator, is the same call and is not counted again.
-- Grain:   one row per attention call that a label, an operator or a group of operators shows
-- Inputs:  annotation, attention_operator, attention_scores, attention_order, attention_unfused
-- From:    attention_operator, attention_scores, attention_order, annotation WHERE kind='attention'
-- Columns:
--   trace_id        trace.trace_id
--   range_id        1 and up, in order of start
--   source          'label' | 'operator' | 'unfused'
--   source_id       annotation_id of the label, op_id of the operator or of the softmax
--   track           process and thread
--   start_ns        ns
--   end_ns          ns
--   query_len       query positions; NULL if unknown, like the next six columns
--   kv_len          key and value positions
--   heads           query heads
--   kv_heads        key and value heads
--   head_dim        width of a query head
--   batch           sequences
--   dtype           element type of the query
--   is_causal       true if the operator was called with a causal mask
--   label_kind      the kind that the label gives
--   site            the module that the label gives
--   implementation  'flash' | 'efficient' | 'cudnn' | 'math' | 'unfused' | 'fa4' | 'other'
WITH label AS (
  SELECT
    trace_id,
    'label' AS source,
    annotation_id AS source_id,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns,
    start_ns + dur_ns AS end_ns,
    try_cast(args ->> 'query_len' AS BIGINT) AS query_len,
    try_cast(args ->> 'kv_len' AS BIGINT) AS kv_len,
    try_cast(args ->> 'heads' AS BIGINT) AS heads,
    try_cast(args ->> 'kv_heads' AS BIGINT) AS kv_heads,
    try_cast(args ->> 'head_dim' AS BIGINT) AS head_dim,
    try_cast(args ->> 'batch' AS BIGINT) AS batch,
    args ->> 'dtype' AS dtype,
    args ->> 'kind' AS label_kind,
    name AS site,
    args ->> 'implementation' AS implementation
  FROM annotation
  WHERE kind = 'attention'
),

fused AS (
  SELECT
    attention_operator.* RENAME (op_id AS source_id),
    'operator' AS source
  FROM attention_operator
  ASOF LEFT JOIN label
    ON
      attention_operator.trace_id = label.trace_id
      AND attention_operator.track = label.track
      AND attention_operator.start_ns >= label.start_ns
  WHERE coalesce(attention_operator.start_ns >= label.end_ns, TRUE)
),

written_out AS (
  SELECT
    * EXCLUDE (qk_op_id, av_op_id, shape, score_count, value_dim, output_count, query_type)
  FROM attention_scores
  UNION ALL BY NAME
  FROM attention_order
),

unfused AS (
  SELECT
    written_out.* RENAME (softmax_op_id AS source_id),
    attention_unfused.* EXCLUDE (trace_id, softmax_op_id),
    'unfused' AS source,
    'unfused' AS implementation
  FROM written_out
  LEFT JOIN attention_unfused USING (trace_id, softmax_op_id)
  ASOF LEFT JOIN label
    ON
      written_out.trace_id = label.trace_id
      AND written_out.track = label.track
      AND written_out.start_ns >= label.start_ns
  ASOF LEFT JOIN attention_operator
    ON
      written_out.trace_id = attention_operator.trace_id
      AND written_out.track = attention_operator.track
      AND written_out.start_ns >= attention_operator.start_ns
  WHERE
    coalesce(written_out.start_ns >= label.end_ns, TRUE)
    AND coalesce(written_out.start_ns >= attention_operator.end_ns, TRUE)
),

known AS (
  FROM label
  UNION ALL BY NAME
  FROM fused
  UNION ALL BY NAME
  FROM unfused
)

SELECT
  trace_id,
  row_number() OVER (PARTITION BY trace_id ORDER BY start_ns, track, source_id) AS range_id,
  source,
  source_id,
  track,
  start_ns,
  end_ns,
  query_len,
  kv_len,
  heads,
  kv_heads,
  head_dim,
  batch,
  dtype,
  is_causal,
  label_kind,
  site,
  implementation
FROM known
