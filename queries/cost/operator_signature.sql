-- operator_signature: shapes and arguments of calls with a cost (137 lines because of checks).
--
-- Why:     ten million operators have a few thousand distinct shapes, so each text is parsed once.
--          Attention to sequences that are packed into one, or to a cache, has their lengths in
--          int32 tensors, so its shapes say nothing of them.
-- Grain:   one row per costed_call
-- Inputs:  costed_call, scalar_type
-- From:    costed_call
-- Columns:
--   trace_id         trace.trace_id
--   signature_id     cpu_op.signature_id
--   name             cpu_op.name
--   input_dims       cpu_op.input_dims
--   input_strides    cpu_op.input_strides
--   input_types      cpu_op.input_types
--   concrete_inputs  cpu_op.concrete_inputs
--   formula          costed_call.formula
--   dims             shape of each input; empty if it is not a tensor, NULL if the shape is
--                    invalid; NULL altogether for attention whose lengths are in tensors, and
--                    for a product whose inputs don't fit each other
--   numels           elements of each input, summed over a list of tensors; NULL if it is not a
--                    tensor or the shape is invalid
--   read_numels      elements of each input that memory holds: as numels, but a dimension with
--                    stride 0, such as a broadcast one, counts once
--   item_bytes       bytes of one element of each input; NULL if it is not a tensor, or of an
--                    unknown type
--   arguments        value of each input, as text; NULL if values were not recorded
WITH parsed AS (
  SELECT
    * EXCLUDE (cost_rank),
    -- TRY, because a file can contain any text here
    try(json_extract(input_dims, '$[*]')) AS entries,
    try(json_extract(input_strides, '$[*]')) AS stride_entries,
    try(json_extract_string(input_types, '$[*]')) AS type_names,
    try(json_extract_string(concrete_inputs, '$[*]')) AS arguments
  FROM costed_call
),

-- reject a shape with a negative length or more than 2^40 elements
shaped AS (
  SELECT
    *,
    list_transform(entries, LAMBDA entry: list_transform(
      -- a list of tensors has no single shape
      if(
        entry::VARCHAR LIKE '[[%',
        try_cast(entry AS BIGINT[][]),
        list_filter([try_cast(entry AS BIGINT[])], LAMBDA shape: shape IS NOT NULL)
      ),
      LAMBDA shape: if(
        len(list_filter(shape, LAMBDA n: n >= 0)) = len(shape)
        AND coalesce(list_product(shape), 1) < 1099511627776,
        shape, NULL
      )
    )) AS shapes
  FROM parsed
),

sizes AS (
  SELECT map(list(type_name), list(item_bytes)) AS item_bytes_of
  FROM scalar_type
),

counted AS (
  SELECT
    shaped.*,
    list_transform(
      list_zip(shaped.entries, shaped.shapes),
      LAMBDA pair: if(pair[1]::VARCHAR LIKE '[[%', []::BIGINT[], pair[2][1])
    ) AS dims,
    list_transform(
      list_zip(shaped.entries, shaped.shapes, coalesce(shaped.type_names, [])),
      -- without types, as in NVTX texts, every entry counts as a tensor
      LAMBDA entry: CASE
        WHEN
          entry[1]::VARCHAR LIKE '[[%'
          OR shaped.type_names IS NULL
          OR item_bytes_of[entry[3]] IS NOT NULL
          -- a type that isn't known has a size that isn't; such as hold two elements in one are
          -- left out
          OR (len(entry[2][1]) > 0 AND NOT ends_with(entry[3], '_x2'))
          THEN try_cast(list_sum(list_transform(
            entry[2], LAMBDA shape: if(len(shape) = 0, 1, list_product(shape))
          )) AS BIGINT)
      END
    ) AS numels,
    list_transform(shaped.type_names, LAMBDA type_name: item_bytes_of[type_name]) AS item_bytes
  FROM shaped
  CROSS JOIN sizes
)

SELECT
  trace_id,
  signature_id,
  name,
  input_dims,
  input_strides,
  input_types,
  concrete_inputs,
  formula,
  -- two bounds are those of one sequence
  if(
    starts_with(formula, 'attention') AND len(list_filter(
      list_zip(dims, type_names),
      LAMBDA input: input[2] = 'int' AND len(input[1]) > 0 AND NOT (
        input[1] = [2] AND dims[if(contains(formula, 'backward'), 2, 1)][1] = 1
      )
    )) > 0
    -- a compiler's calls can be recorded with other shapes than they had
    OR NOT coalesce(CASE
      WHEN formula = 'linear' THEN dims[1][-1] = dims[2][-1]
      WHEN formula = 'mm'
        THEN
          dims[1][-1] = coalesce(dims[2][-2], dims[2][1])
          AND (len(dims[1]) < 3 OR dims[1][1] = dims[2][1])
      WHEN formula = 'addmm'
        THEN
          dims[2][-1] = coalesce(dims[3][-2], dims[3][1])
          AND (len(dims[2]) < 3 OR dims[2][1] = dims[3][1])
      WHEN formula = 'attention' THEN dims[1][-1] = dims[2][-1] AND dims[2][-2] = dims[3][-2]
      WHEN formula = 'attention_by_length'
        THEN dims[1][4] = dims[2][4] AND dims[2][2] = dims[3][2]
    END, TRUE),
    NULL, dims
  ) AS dims,
  numels,
  list_transform(
    list_zip(numels, dims, stride_entries),
    -- lists of tensors have no strides here, nor have old traces
    LAMBDA entry: coalesce(entry[1] // nullif(try_cast(list_product(list_transform(
      list_zip(entry[2], try_cast(entry[3] AS BIGINT[])),
      LAMBDA axis: if(axis[2] = 0, axis[1], 1)
    )) AS BIGINT), 0), entry[1])
  ) AS read_numels,
  item_bytes,
  arguments
FROM counted
