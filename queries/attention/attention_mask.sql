-- attention_mask: whether masks can be causal (164 lines because of 4 clues).
--
-- Why:     a causal mask that is passed as a tensor has a shape, but no values in a trace. If triu
--          or tril makes it inside the call, it is known to be causal. A bias by position comes
--          from an embedding with a column for each head, unless a mask for all heads was added.
-- Grain:   one row per attention_range with such a mask
-- Inputs:  attention_range, cpu_op
-- From:    attention_range WHERE source <> 'label'
-- Columns:
--   trace_id  trace.trace_id
--   range_id  attention_range.range_id
--   kind      'causal' | 'bias' (by position) | 'triangle' (the thread compared positions of these
--             lengths, or made a triangle) | 'unknown'
-- Never:   GROUP BY trace_id, range_id HAVING count(*) > 1
WITH call AS (
  SELECT
    trace_id,
    range_id,
    source,
    source_id,
    track,
    start_ns,
    end_ns,
    query_len,
    kv_len,
    heads
  FROM attention_range
  WHERE source <> 'label' AND query_len > 1
),

operator AS (
  SELECT
    trace_id,
    name,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns,
    input_dims
  FROM cpu_op
  WHERE
    name IN (
      'aten::add', 'aten::add_', 'aten::masked_fill', 'aten::masked_fill_', 'aten::where',
      'aten::_masked_softmax', 'aten::triu', 'aten::triu_', 'aten::tril', 'aten::tril_',
      'aten::le', 'aten::lt', 'aten::ge', 'aten::gt', 'aten::embedding'
    )
),

signature AS (
  SELECT DISTINCT trace_id, track, name, input_dims FROM operator
),

-- a trace has few shapes, so each is parsed once
shaped AS (
  SELECT
    *,
    list_transform(
      try(json_extract(input_dims, '$[*]')), LAMBDA entry: try_cast(entry AS BIGINT[])
    ) AS shapes
  FROM signature
),

triangle AS (
  SELECT DISTINCT
    trace_id,
    track,
    if(regexp_matches(name, 'tri[ul]'), shapes[1][-2], list_product(shapes[1])) AS query_len,
    if(regexp_matches(name, 'tri[ul]'), shapes[1][-1], list_product(shapes[2])) AS kv_len
  FROM shaped
  WHERE regexp_matches(name, 'tri[ul]|::[lg][et]$') AND shapes[1] IS DISTINCT FROM shapes[2]
),

bias AS (
  SELECT DISTINCT
    trace_id,
    track,
    shapes[1][2] AS heads,
    shapes[2][-2] AS query_len,
    shapes[2][-1] AS kv_len
  FROM shaped
  WHERE name = 'aten::embedding' AND len(shapes[2]) >= 2
),

combined AS (
  SELECT
    trace_id,
    track,
    shapes,
    unnest(shapes) AS biased
  FROM shaped
  WHERE name IN ('aten::add', 'aten::add_', 'aten::where', 'aten::masked_fill')
),

-- a bias to which a mask for all heads was added
masked_bias AS (
  SELECT DISTINCT
    trace_id,
    track,
    biased[-3] AS heads,
    biased[-2] AS query_len,
    biased[-1] AS kv_len
  FROM combined
  WHERE
    biased[-3] > 1
    AND len(list_filter(
      shapes, LAMBDA shape: shape[-2:] = biased[-2:] AND coalesce(shape[-3], 1) = 1
    )) > 0
),

inside AS (
  SELECT
    call.*,
    regexp_matches(operator.name, 'tri[ul]') AS is_triangle,
    -- the scores are the other one
    2 AS wanted_count,
    try(json_extract(operator.input_dims, '$[*]')) AS dims
  FROM operator
  ASOF INNER JOIN call
    ON
      operator.trace_id = call.trace_id
      AND operator.track = call.track
      AND operator.start_ns >= call.start_ns
  WHERE operator.start_ns < call.end_ns AND call.source = 'unfused'
  UNION ALL
  SELECT
    call.*,
    FALSE AS is_triangle,
    1 AS wanted_count,
    try(json_extract(cpu_op.input_dims, '$[*]'))[4:] AS dims
  FROM call
  INNER JOIN cpu_op ON call.trace_id = cpu_op.trace_id AND call.source_id = cpu_op.op_id
  WHERE call.source = 'operator'
),

mask AS (
  SELECT
    trace_id,
    range_id,
    track,
    query_len,
    kv_len,
    heads,
    bool_or(is_triangle) AS is_triangle
  FROM inside
  WHERE
    is_triangle
    OR wanted_count <= len(list_filter(
      list_transform(dims, LAMBDA entry: try_cast(entry AS BIGINT[])),
      LAMBDA shape: shape[-2] = query_len AND shape[-1] >= kv_len
    ))
  GROUP BY trace_id, range_id, track, query_len, kv_len, heads
)

SELECT
  mask.trace_id,
  mask.range_id,
  CASE
    WHEN mask.is_triangle THEN 'causal'
    WHEN triangle.query_len IS NOT NULL THEN 'triangle'
    WHEN bias.heads IS NOT NULL AND masked_bias.heads IS NULL THEN 'bias'
    ELSE 'unknown'
  END AS kind
FROM mask
LEFT JOIN triangle USING (trace_id, track, query_len, kv_len)
LEFT JOIN bias USING (trace_id, track, heads, query_len, kv_len)
LEFT JOIN masked_bias USING (trace_id, track, heads, query_len, kv_len)
