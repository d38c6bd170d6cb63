-- attention_scores: softmaxes between the product that makes the scores and the one that uses them.
--
-- Why:     a baseline without fused attention has no attention kernel. Its calls are recognised by
--          a softmax over [.., query, key] whose input comes from the bmm before it and whose
--          output goes to the bmm after it. A router's softmax has no such products around it.
-- Grain:   one row per softmax between two such products on one thread
-- Inputs:  cpu_op
-- From:    cpu_op WHERE name = 'aten::_softmax' OR name = 'aten::_masked_softmax'
-- Columns:
--   trace_id       trace.trace_id
--   softmax_op_id  cpu_op.op_id
--   qk_op_id       the product of query and key: the last one before the softmax whose result has
--                  the scores' size
--   av_op_id       the product with the values: the first one after the softmax that takes the
--                  scores
--   track          process and thread
--   start_ns       ns, start of the first product
--   end_ns         ns, end of the second product
--   shape          shape of the scores: [batch and heads, in one or more dimensions; query; key]
--   score_count    scores: batch * heads * query_len * kv_len
--   head_dim       width of a query head
--   value_dim      width of a value head
--   output_count   elements of the call's result
--   query_type     element type of the query, as recorded
WITH parsed AS (
  SELECT
    trace_id,
    op_id,
    name,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns,
    start_ns + dur_ns AS end_ns,
    list_transform(
      try(json_extract(input_dims, '$[*]')), LAMBDA entry: try_cast(entry AS BIGINT[])
    ) AS dims,
    try(json_extract_string(input_types, '$[1]')) AS type,
    try_cast(try(json_extract_string(concrete_inputs, '$[1]')) AS BIGINT) AS axis
  FROM cpu_op
  WHERE name IN (
    'aten::bmm', 'aten::baddbmm', 'aten::_softmax', 'aten::_masked_softmax'
  )
),

softmax AS (
  SELECT
    *,
    dims[1] AS shape,
    dims[1][-1] AS kv_len,
    try_cast(list_product(dims[1]) AS BIGINT) AS score_count
  FROM parsed
  WHERE
    name IN ('aten::_softmax', 'aten::_masked_softmax')
    AND len(dims[1]) >= 3
    AND (axis IS NULL OR axis IN (-1, len(dims[1]) - 1))
),

-- baddbmm has one more input, which it adds, so its factors come one position later
factor AS (
  SELECT
    *,
    if(name = 'aten::baddbmm', dims[2], dims[1]) AS a,
    if(name = 'aten::baddbmm', dims[3], dims[2]) AS b
  FROM parsed
  WHERE name IN ('aten::bmm', 'aten::baddbmm')
),

product AS (
  SELECT
    *,
    -- no part of it is a part of the next one: DuckDB would compute that outside of TRY
    try(a[1] * (a[2] * b[3])) AS result_count,
    try(a[1] * a[2] * a[3]) AS left_count,
    b[3] AS result_width,
    a[3] AS left_width
  FROM factor
)

SELECT
  softmax.trace_id,
  softmax.op_id AS softmax_op_id,
  qk.op_id AS qk_op_id,
  av.op_id AS av_op_id,
  softmax.track,
  qk.start_ns,
  av.end_ns,
  softmax.shape,
  softmax.score_count,
  qk.left_width AS head_dim,
  av.result_width AS value_dim,
  av.result_count AS output_count,
  qk.type AS query_type
FROM softmax
ASOF INNER JOIN product AS qk
  ON
    softmax.trace_id = qk.trace_id
    AND softmax.track = qk.track
    AND softmax.score_count = qk.result_count
    AND softmax.kv_len = qk.result_width
    AND softmax.start_ns > qk.start_ns
ASOF INNER JOIN product AS av
  ON
    softmax.trace_id = av.trace_id
    AND softmax.track = av.track
    AND softmax.score_count = av.left_count
    AND softmax.kv_len = av.left_width
    AND softmax.start_ns < av.start_ns
-- each product belongs to one softmax: QK^T to the first softmax after it, AV to the last one
-- before it
QUALIFY
  row_number() OVER (PARTITION BY softmax.trace_id, qk.op_id ORDER BY softmax.start_ns) = 1
  AND row_number() OVER (
    PARTITION BY softmax.trace_id, av.op_id ORDER BY softmax.start_ns DESC
  ) = 1
