-- attention_axis: the shapes of a video model's attention over positions and over frames.
--
-- Why:     both are self-attention, and often of one class. But if one has frames in the batch and
--          positions as its length, the other has it the other way round: (B*F, L) and (B*L, F). A
--          class token makes a length one longer. Frames are the length that goes with several
--          resolutions, else the one that is at most half as long: rows and columns of an image
--          can be attended to in the same way.
-- Grain:   one row per (trace_id, component, batch, query_len) that has such a counterpart
-- Inputs:  attention_annotation, attention_range, attention_context, attention_scores
-- From:    attention_annotation
-- Columns:
--   trace_id   trace.trace_id
--   component  see attention_context
--   batch      sequences; times heads, where those are one dimension of written-out scores
--   query_len  query positions, as many as key positions
--   kind       'spatial' | 'temporal' | 'unknown'
-- Never:   GROUP BY trace_id, component, batch, query_len HAVING count(*) > 1
WITH call AS (
  SELECT
    enclosing.trace_id,
    context.component,
    attention_range.query_len,
    coalesce(
      attention_range.batch, scores.score_count // nullif(attention_range.query_len, 0)
      // nullif(attention_range.kv_len, 0)
    ) AS batch
  FROM attention_annotation AS enclosing
  INNER JOIN attention_range USING (trace_id, range_id)
  INNER JOIN attention_context AS context USING (trace_id, attention_call_id)
  LEFT JOIN attention_scores AS scores
    ON
      attention_range.trace_id = scores.trace_id
      AND if(attention_range.source = 'unfused', attention_range.source_id, NULL)
      = scores.softmax_op_id
  WHERE attention_range.query_len = attention_range.kv_len AND attention_range.query_len > 1
),

square AS (
  SELECT DISTINCT trace_id, component, batch, query_len
  FROM call
  WHERE batch > 1
),

tokened AS (
  SELECT
    *,
    unnest([0, 1]) AS token_count
  FROM square
),

counted AS (
  SELECT
    *,
    query_len - token_count AS place_count,
    -- NULL beyond int64, which a wrong label can cause
    try(batch * (query_len - token_count)) AS cell_count
  FROM tokened
  WHERE query_len - token_count > 1
),

pair AS (
  SELECT
    one.trace_id,
    one.component,
    one.batch,
    one.query_len,
    other.query_len AS other_len
  FROM counted AS one
  INNER JOIN counted AS other USING (trace_id, component, cell_count)
  WHERE one.place_count <> other.place_count AND one.batch % other.place_count = 0
  -- without a class token if that fits
  QUALIFY
    rank() OVER (
      PARTITION BY one.trace_id, one.component, one.batch, one.query_len
      ORDER BY one.token_count + other.token_count
    ) = 1
),

partner AS (
  SELECT
    trace_id,
    component,
    query_len,
    count(DISTINCT other_len) AS partner_count
  FROM pair
  GROUP BY trace_id, component, query_len
)

SELECT
  pair.trace_id,
  pair.component,
  pair.batch,
  pair.query_len,
  max(CASE
    WHEN own.partner_count > its.partner_count THEN 'temporal'
    WHEN own.partner_count < its.partner_count THEN 'spatial'
    WHEN 2 * pair.query_len <= pair.other_len THEN 'temporal'
    WHEN pair.query_len >= 2 * pair.other_len THEN 'spatial'
    ELSE 'unknown'
  END) AS kind
FROM pair
INNER JOIN partner AS own
  ON
    pair.trace_id = own.trace_id
    AND pair.component = own.component
    AND pair.query_len = own.query_len
INNER JOIN partner AS its
  ON
    pair.trace_id = its.trace_id
    AND pair.component = its.component
    AND pair.other_len = its.query_len
GROUP BY pair.trace_id, pair.component, pair.batch, pair.query_len
