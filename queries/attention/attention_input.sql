-- attention_input: where the keys of each call come from (244 lines because of 4 cases).
--
-- Why:     lengths alone don't show a kind. The projections before a call show of how many rows its
--          queries and keys were made, and a concatenation shows that two sequences, or a cache and
--          a new token, were joined.
-- Grain:   one row per attention_range whose operators show it
-- Inputs:  attention_range, attention_scores, attention_projection, attention_concatenation, cpu_op
-- From:    attention_projection, attention_concatenation
-- Columns:
--   trace_id  trace.trace_id
--   range_id  attention_range.range_id
--   origin    'joined' (queries and keys are two sequences in one, each computed by itself) |
--             'own and other' (keys are the queries' sequence and one computed from other rows) |
--             'other' (keys were computed from other rows than the queries) | 'cache' (keys are a
--             cache and the one new position)
-- Never:   GROUP BY trace_id, range_id HAVING count(*) > 1
WITH measured AS (
  SELECT
    attention_range.trace_id,
    attention_range.range_id,
    attention_range.track,
    attention_range.start_ns,
    attention_range.query_len,
    attention_range.kv_len,
    attention_range.batch,
    attention_range.heads,
    attention_range.kv_heads,
    coalesce(attention_range.head_dim, scores.head_dim) AS head_dim,
    -- in written-out scores batch and heads are often one dimension; here, and not in both columns
    -- below, because DuckDB computes what two expressions share outside of TRY
    try(
      scores.score_count // attention_range.kv_len // attention_range.query_len * scores.head_dim
    ) AS written_width
  FROM attention_range
  LEFT JOIN attention_scores AS scores
    ON
      attention_range.trace_id = scores.trace_id
      AND if(attention_range.source = 'unfused', attention_range.source_id, NULL)
      = scores.softmax_op_id
  WHERE attention_range.query_len > 0 AND attention_range.kv_len > 0
),

-- elements of the query and the key for each position of the batch
call AS (
  SELECT
    *,
    coalesce(try(batch * heads * head_dim), written_width) AS query_width,
    coalesce(try(batch * (coalesce(kv_heads, heads) * head_dim)), written_width) AS key_width
  FROM measured
),

sized AS (
  SELECT
    *,
    try(query_width * query_len) AS query_count,
    try(key_width * kv_len) AS key_count
  FROM call
),

-- key and value are the last two projections before a call, or the last one if it makes both
projected AS (
  SELECT
    call.trace_id,
    call.range_id
  FROM sized AS call
  INNER JOIN attention_projection AS last
    ON call.trace_id = last.trace_id AND call.range_id = last.range_id AND last.place = 1
  INNER JOIN attention_projection AS second
    ON call.trace_id = second.trace_id AND call.range_id = second.range_id AND second.place = 2
  LEFT JOIN attention_projection AS third
    ON call.trace_id = third.trace_id AND call.range_id = third.range_id AND third.place = 3
  WHERE
    CASE
      WHEN last.output_count = 2 * call.key_count
        THEN
          second.output_count = call.query_count
          AND (last.row_count, last.row_width) <> (second.row_count, second.row_width)
      WHEN last.output_count = call.key_count
        THEN
          second.output_count = call.key_count
          AND (last.row_count, last.row_width) = (second.row_count, second.row_width)
          AND third.output_count = call.query_count
          AND (third.row_count, third.row_width) <> (last.row_count, last.row_width)
    END
    -- the output of the layer before is as wide as a query, but has as many rows as one
    AND last.row_count % call.kv_len = 0
),

-- a normalization also works on one sequence; its first layer can be a convolution
normalized AS (
  SELECT
    trace_id,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns,
    try_cast(try(json_extract(input_dims, '$[0]')) AS BIGINT[]) AS shape
  FROM cpu_op
  WHERE name = 'aten::native_layer_norm'
),

row_wise AS (
  SELECT trace_id, track, start_ns, row_count, output_count FROM attention_projection
  UNION ALL
  SELECT
    trace_id,
    track,
    start_ns,
    try_cast(list_product(shape[:-2]) AS BIGINT) AS row_count,
    try_cast(list_product(shape) AS BIGINT) AS output_count
  FROM normalized
  WHERE len(shape) >= 2 AND list_product(shape) > 0
),

computed AS (
  SELECT
    trace_id,
    track,
    row_count,
    output_count,
    min(start_ns) AS first_ns
  FROM row_wise
  GROUP BY trace_id, track, row_count, output_count
),

-- rows of which the last projections made keys and values: two of five, or one that made both
paired AS (
  SELECT
    trace_id,
    range_id,
    row_count,
    output_count // row_count AS width
  FROM attention_projection
  WHERE place <= 5
  GROUP BY trace_id, range_id, row_count, row_width, output_count
  HAVING count(*) > 1
  UNION
  SELECT
    trace_id,
    range_id,
    row_count,
    output_count // row_count // unnest([2, 3]) AS width
  FROM attention_projection
  WHERE place <= 3
),

-- a compiler can hide the concatenation, but not that two sequences were projected
two_paired AS (
  SELECT DISTINCT
    call.trace_id,
    call.range_id
  FROM sized AS call
  INNER JOIN paired AS one USING (trace_id, range_id)
  INNER JOIN paired AS other USING (trace_id, range_id, width)
  WHERE
    call.query_len = call.kv_len
    AND one.row_count < other.row_count
    AND try((one.row_count + other.row_count) * width) = call.key_count
),

joined AS (
  SELECT
    call.*,
    together.batch AS joined_batch,
    together.lengths,
    together.join_count
  FROM attention_concatenation AS together
  INNER JOIN sized AS call USING (trace_id, range_id)
  WHERE
    together.element_count IN (call.query_count, call.key_count)
    AND list_sum(together.lengths) = call.kv_len
    AND if(
      together.rank = 3, together.width % nullif(call.head_dim, 0), together.width - call.head_dim
    ) = 0
),

part AS (
  SELECT DISTINCT
    *,
    unnest(lengths) AS length
  FROM joined
),

-- operators that worked on one of the sequences alone, for the same number of requests
alone AS (
  SELECT
    part.trace_id,
    part.range_id,
    part.lengths,
    computed.row_count // part.length AS request_count,
    count(DISTINCT part.length) AS part_count
  FROM part
  INNER JOIN computed
    ON
      part.trace_id = computed.trace_id
      AND part.track = computed.track
      AND part.start_ns > computed.first_ns
  WHERE
    part.query_len = part.kv_len
    AND part.length > 1
    AND computed.row_count % part.length = 0
    AND (
      computed.output_count IN (part.query_width * part.length, part.key_width * part.length)
      OR computed.output_count // computed.row_count
      IN (part.query_width // part.batch, part.key_width // part.batch)
    )
  GROUP BY part.trace_id, part.range_id, part.lengths, request_count
),

added AS (
  SELECT DISTINCT
    part.trace_id,
    part.range_id
  FROM part
  INNER JOIN paired USING (trace_id, range_id)
  WHERE
    len(part.lengths) = 2
    AND part.join_count > 1
    AND list_contains(part.lengths, part.query_len)
    AND part.length <> part.query_len
    AND paired.row_count * paired.width = part.key_width * part.length
    AND paired.row_count % part.length = 0
),

found AS (
  SELECT trace_id, range_id, 'own and other' AS origin FROM added
  UNION ALL
  SELECT trace_id, range_id, 'joined' AS origin FROM alone
  WHERE part_count = len(list_distinct(lengths))
  UNION ALL
  SELECT trace_id, range_id, 'cache' AS origin FROM joined
  WHERE query_len = 1 AND len(lengths) = 2 AND lengths[2] = 1 AND join_count > 1
  UNION ALL
  SELECT trace_id, range_id, 'joined' AS origin FROM two_paired
  UNION ALL
  SELECT trace_id, range_id, 'other' AS origin FROM projected
)

SELECT
  trace_id,
  range_id,
  arg_min(
    origin, list_position(['own and other', 'joined', 'cache', 'other'], origin)
  ) AS origin
FROM found
GROUP BY trace_id, range_id
