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
--   dims             shape of each input; empty for what is no tensor
--   numels           elements of each input, all tensors of a list together; NULL for no tensor
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
    json_extract(input_dims, '$[*]') AS entries,
    json_extract_string(input_types, '$[*]') AS type_names,
    json_extract_string(concrete_inputs, '$[*]') AS arguments
  FROM distinct_call
),

sizes AS (
  SELECT map(list(type_name), list(item_bytes)) AS item_bytes_of
  FROM scalar_type
)

SELECT
  parsed.trace_id,
  parsed.name,
  parsed.input_dims,
  parsed.input_types,
  parsed.concrete_inputs,
  parsed.formula,
  list_transform(
    parsed.entries,
    -- of a list of tensors no single shape is given
    LAMBDA entry: if(entry::VARCHAR LIKE '[[%', []::BIGINT[], try_cast(entry AS BIGINT[]))
  ) AS dims,
  list_transform(
    list_zip(parsed.entries, coalesce(parsed.type_names, [])),
    LAMBDA pair: CASE
      -- a list of tensors: one shape each
      WHEN pair[1]::VARCHAR LIKE '[[%'
        THEN
          list_sum(list_transform(
            try_cast(pair[1] AS BIGINT[][]), LAMBDA shape: list_product(shape)
          ))
      -- without any types, as in NVTX texts, every entry counts as a tensor
      WHEN parsed.type_names IS NULL OR item_bytes_of[pair[2]] IS NOT NULL
        THEN coalesce(list_product(try_cast(pair[1] AS BIGINT[])), 1)
    END::BIGINT
  ) AS numels,
  list_transform(parsed.type_names, LAMBDA type_name: item_bytes_of[type_name]) AS item_bytes,
  parsed.arguments
FROM parsed
CROSS JOIN sizes
