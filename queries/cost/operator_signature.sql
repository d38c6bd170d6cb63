-- operator_signature: each distinct operator call of a trace that has a cost, its shapes parsed.
--
-- Why:     ten million operators have a few thousand distinct shapes; text is parsed once each.
-- Grain:   one row per (trace_id, name, input_dims, input_types, concrete_inputs)
-- Inputs:  cpu_op, costed_operator, scalar_type
-- Columns:
--   trace_id         trace.trace_id
--   name             cpu_op.name
--   input_dims       cpu_op.input_dims
--   input_types      cpu_op.input_types
--   concrete_inputs  cpu_op.concrete_inputs
--   formula          costed_operator.formula
--   dims             shape of each input; empty for what is no tensor, NULL for an odd shape
--   numels           elements of each input, all tensors of a list together; NULL for no tensor and
--                    for an odd shape
--   item_bytes       bytes of one element of each input; NULL for what is no tensor
--   arguments        each input's value as text; NULL where values were not recorded
WITH distinct_call AS (
  SELECT DISTINCT
    cpu_op.trace_id,
    cpu_op.name,
    cpu_op.input_dims,
    cpu_op.input_types,
    cpu_op.concrete_inputs,
    costed_operator.formula
  FROM cpu_op
  INNER JOIN costed_operator ON split_part(cpu_op.name, '.', 1) = costed_operator.op_name
  WHERE cpu_op.input_dims IS NOT NULL
),

parsed AS (
  SELECT
    *,
    -- TRY, for a file may hold any text here
    TRY(json_extract(input_dims, '$[*]')) AS entries,
    TRY(json_extract_string(input_types, '$[*]')) AS type_names,
    TRY(json_extract_string(concrete_inputs, '$[*]')) AS arguments
  FROM distinct_call
),

-- no tensor has a negative length, nor 2^40 elements: such a shape is not believed
shaped AS (
  SELECT
    *,
    list_transform(entries, LAMBDA entry: list_transform(
      -- of a list of tensors no single shape is given
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
)

SELECT
  shaped.trace_id,
  shaped.name,
  shaped.input_dims,
  shaped.input_types,
  shaped.concrete_inputs,
  shaped.formula,
  list_transform(
    list_zip(shaped.entries, shaped.shapes),
    LAMBDA pair: if(pair[1]::VARCHAR LIKE '[[%', []::BIGINT[], pair[2][1])
  ) AS dims,
  list_transform(
    list_zip(shaped.entries, shaped.shapes, coalesce(shaped.type_names, [])),
    -- without any types, as in NVTX texts, every entry counts as a tensor
    LAMBDA entry: CASE
      WHEN
        entry[1]::VARCHAR LIKE '[[%'
        OR shaped.type_names IS NULL
        OR item_bytes_of[entry[3]] IS NOT NULL
        THEN try_cast(list_sum(list_transform(
          entry[2], LAMBDA shape: if(len(shape) = 0, 1, list_product(shape))
        )) AS BIGINT)
    END
  ) AS numels,
  list_transform(shaped.type_names, LAMBDA type_name: item_bytes_of[type_name]) AS item_bytes,
  shaped.arguments
FROM shaped
CROSS JOIN sizes
