-- attention_concatenation: the sequences that were joined on a thread before an attention call.
--
-- Why:     text and image, or a cache and a new token, are joined before a call. Sequences are
--          joined along a dimension between the batch and the width, never along the first or last.
-- Grain:   one row per (trace_id, range_id, shapes) that were joined before an attention call
-- Inputs:  attention_range, cpu_op
-- From:    attention_range
-- Columns:
--   trace_id       trace.trace_id
--   range_id       attention_range.range_id of the call that follows
--   batch          first dimension
--   width          last dimension
--   rank           dimensions: 3 or 4
--   lengths        positions of each of the joined sequences
--   element_count  elements of the result
--   join_count     number of such operators: queries, keys and values are joined one by one
-- Never:   WHERE len(lengths) < 2 OR rank NOT IN (3, 4)
WITH operator AS (
  SELECT
    trace_id,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns,
    signature_id,
    input_dims,
    concrete_inputs
  FROM cpu_op
  WHERE name = 'aten::cat'
),

-- a trace has few shapes, so each is parsed once
parsed AS (
  SELECT DISTINCT ON (trace_id, signature_id)
    trace_id,
    signature_id,
    try_cast(try(json_extract(input_dims, '$[0]')) AS BIGINT[][]) AS shapes,
    try_cast(try(json_extract_string(concrete_inputs, '$[1]')) AS BIGINT) AS axis
  FROM operator
),

-- without concrete inputs, the dimension in which the shapes differ
placed AS (
  SELECT
    *,
    len(shapes[1]) AS rank,
    coalesce(
      if(axis < 0, axis + len(shapes[1]), axis) + 1, if(shapes[1][2] <> shapes[2][2], 2, 3)
    ) AS place
  FROM parsed
  WHERE len(shapes) >= 2
),

shaped AS (
  SELECT
    trace_id,
    signature_id,
    shapes[1][1] AS batch,
    shapes[1][-1] AS width,
    rank,
    list_transform(shapes, LAMBDA shape: shape[place]) AS lengths,
    try_cast(list_sum(
      list_transform(shapes, LAMBDA shape: list_product(shape))
    ) AS BIGINT) AS element_count
  FROM placed
  WHERE rank IN (3, 4) AND place BETWEEN 2 AND rank - 1
)

SELECT
  operator.trace_id,
  call.range_id,
  shaped.batch,
  shaped.width,
  shaped.rank,
  shaped.lengths,
  shaped.element_count,
  count(*) AS join_count
FROM operator
INNER JOIN shaped USING (trace_id, signature_id)
ASOF INNER JOIN attention_range AS call
  ON
    operator.trace_id = call.trace_id
    AND operator.track = call.track
    AND operator.start_ns < call.start_ns
GROUP BY
  operator.trace_id,
  call.range_id,
  shaped.batch,
  shaped.width,
  shaped.rank,
  shaped.lengths,
  shaped.element_count
