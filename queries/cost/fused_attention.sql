-- fused_attention: shapes with which operators of other libraries compute attention.
--
-- Why:     anyone can register an attention operator, so a list of names never ends. A name that
--          says attention, with a query, keys and values that fit each other, is one. Heads come
--          before the length or after it, and only the numbers show which: the number of query
--          heads is a multiple of the number of key heads, and a sequence is longer than 63.
-- Grain:   one row per (trace_id, name, input_dims)
-- Inputs:  cpu_op, operator_category
-- From:    cpu_op WHERE input_dims IS NOT NULL AND name NOT LIKE 'aten::%'
-- Columns:
--   trace_id    trace.trace_id
--   name        cpu_op.name
--   input_dims  cpu_op.input_dims
--   formula     'attention' if heads come first, 'attention_by_length' if the length does; NULL if
--               the numbers don't show it
WITH spelled AS (
  SELECT DISTINCT
    trace_id,
    name,
    lower(left(name, 65536)) AS word
  FROM cpu_op
  WHERE input_dims IS NOT NULL AND NOT starts_with(name, 'aten::')
),

named AS (
  SELECT
    spelled.trace_id,
    spelled.name,
    coalesce(operator_category.category = 'attention', FALSE) AS is_listed
  FROM spelled
  LEFT JOIN operator_category USING (trace_id, name)
  WHERE
    len(list_filter(
      ['flash', 'attn', 'attention', 'sage', 'mha', 'sdpa'],
      LAMBDA part: contains(spelled.word, part)
    )) > 0
    -- operators around attention
    AND len(list_filter(
      ['cache', 'backward', 'bwd', 'norm', 'rope', 'rotary', 'quant'],
      LAMBDA part: contains(spelled.word, part)
    )) = 0
    AND coalesce(operator_category.category IN ('attention', 'other'), TRUE)
),

distinct_call AS (
  SELECT DISTINCT cpu_op.trace_id, cpu_op.name, cpu_op.input_dims, named.is_listed
  FROM cpu_op
  INNER JOIN named USING (trace_id, name)
  WHERE cpu_op.input_dims IS NOT NULL
),

parsed AS (
  SELECT
    *,
    try_cast(try(json_extract(input_dims, '$[0]')) AS BIGINT[]) AS query,
    try_cast(try(json_extract(input_dims, '$[1]')) AS BIGINT[]) AS key,
    try_cast(try(json_extract(input_dims, '$[2]')) AS BIGINT[]) AS value
  FROM distinct_call
),

fitting AS (
  SELECT
    *,
    query[2] % key[2] = 0 AS heads_can_be_first,
    query[3] % key[3] = 0 AS heads_can_be_second
  FROM parsed
  WHERE
    len(query) = 4
    -- values may be narrower than keys
    AND key[:3] = value[:3]
    AND value[4] > 0
    AND query[1] = key[1]
    AND query[4] = key[4]
    AND len(list_filter(list_concat(query, key), LAMBDA n: n > 0)) = 8
)

SELECT
  trace_id,
  name,
  input_dims,
  CASE
    WHEN heads_can_be_first AND NOT heads_can_be_second THEN 'attention'
    WHEN heads_can_be_second AND NOT heads_can_be_first THEN 'attention_by_length'
    WHEN key[3] > key[2] AND key[3] > 63 THEN 'attention'
    WHEN key[2] > key[3] AND key[2] > 63 THEN 'attention_by_length'
    -- PyTorch's functions put the heads first, Sage attention can do both, and the other packages
    -- that we know put the length first
    WHEN regexp_matches(name, '(?i)flex_?att|sdpa|scaled_dot_product') THEN 'attention'
    WHEN is_listed AND name NOT ILIKE '%sage%' THEN 'attention_by_length'
    WHEN query[2] = query[3] AND key[2] = key[3] THEN 'attention'
  END AS formula
FROM fitting
WHERE heads_can_be_first OR heads_can_be_second
