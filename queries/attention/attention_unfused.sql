-- attention_unfused: the shapes of attention calls that run as bmm, softmax and bmm.
--
-- Why:     if batch and heads share one dimension of the scores, the projection after the call
--          separates them: it takes rows of heads * value_dim.
-- Grain:   one row per attention_scores
-- Inputs:  attention_scores, cpu_op, scalar_type
-- From:    attention_scores
-- Columns:
--   trace_id       trace.trace_id
--   softmax_op_id  see attention_scores
--   query_len      query positions
--   kv_len         key and value positions
--   heads          query heads; NULL if batch and heads share a dimension and no projection
--                  separates them
--   batch          sequences; NULL as heads
--   dtype          element type of the query, such as 'float16'
WITH linear AS (
  SELECT
    trace_id,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns,
    -- addmm(bias, rows, weight), but mm(rows, weight) and linear(rows, weight)
    try_cast(try(json_extract(
      input_dims, if(name = 'aten::addmm', '$[1]', '$[0]')
    )) AS BIGINT[]) AS rows_shape
  FROM cpu_op
  WHERE name IN ('aten::addmm', 'aten::mm', 'aten::linear')
),

projection AS (
  SELECT
    trace_id,
    track,
    start_ns,
    rows_shape[-1] AS width,
    try_cast(list_product(rows_shape) AS BIGINT) AS output_count
  FROM linear
),

sized AS (
  SELECT
    scores.trace_id,
    scores.softmax_op_id,
    scores.score_count,
    scores.query_type,
    scores.shape[-2] AS query_len,
    scores.shape[-1] AS kv_len,
    CASE
      WHEN len(scores.shape) > 3 THEN scores.shape[-3]
      WHEN
        projection.width % nullif(scores.value_dim, 0) = 0
        THEN projection.width // scores.value_dim
    END AS heads
  FROM attention_scores AS scores
  ASOF LEFT JOIN projection
    ON
      scores.trace_id = projection.trace_id
      AND scores.track = projection.track
      AND scores.output_count = projection.output_count
      AND scores.end_ns <= projection.start_ns
)

SELECT
  sized.trace_id,
  sized.softmax_op_id,
  sized.query_len,
  sized.kv_len,
  sized.heads,
  try(score_count // nullif(query_len * kv_len * heads, 0)) AS batch,
  scalar_type.dtype
FROM sized
LEFT JOIN scalar_type ON sized.query_type = scalar_type.type_name
