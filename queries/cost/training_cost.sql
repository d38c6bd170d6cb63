-- training_cost: FLOPs and bytes of operators of training (138 lines because of its formulas).
--
-- Why:     a gradient has the shape of an input, and not all are asked for: a frozen layer has none
--          for its weight. A convolution's input and weight gradients cost as much as its forward
--          pass, each; attention's cost five products of the forward pass's size, as the scores
--          are computed again (torch.utils.flop_counter counts the same).
-- Grain:   one row per (trace_id, signature_id)
-- Inputs:  operator_signature
-- From:    operator_signature WHERE formula SIMILAR TO
--          '.*(backward|foreach|update|gather|scatter|new_fill).*|index|index_(add|put)'
-- Columns:
--   trace_id         trace.trace_id
--   signature_id     cpu_op.signature_id
--   name             cpu_op.name
--   input_dims       cpu_op.input_dims
--   input_strides    cpu_op.input_strides
--   input_types      cpu_op.input_types
--   concrete_inputs  cpu_op.concrete_inputs
--   flops            2 * multiply-adds; 0 for operators without matrix products; NULL if unknown
--   element_flops    operations on single elements, estimated: 1 each, 5 for norms
--   bytes            inputs read once and outputs written once; NULL if unknown; elements of a list
--                    of tensors count as 4 bytes, because an optimizer's state is float32
--   formula          costed_operator.formula
WITH masked AS (
  SELECT
    *,
    coalesce(item_bytes[1], 4) AS unit,
    coalesce(list_sum(numels), 0) AS list_numel,
    -- which gradients are asked for, the last argument of those operators
    list_transform(
      string_split(trim(arguments[-1], '[]'), ','),
      LAMBDA made: (trim(lower(made)) IN ('true', '1'))::BIGINT
    ) AS mask,
    -- [batch, heads, length, size], or lengths before heads
    if(formula = 'attention_backward', 3, 2) AS length_axis,
    -- indices of several axes are not counted, nor those whose shapes were not recorded
    list_filter(
      list_zip(dims[1], try_cast(try(json_extract(input_dims, '$[1]')) AS BIGINT[][])),
      LAMBDA axis: len(axis[2]) > 0
    ) AS indexed,
    if(len(indexed) = 1, numels[1] // nullif(indexed[1][1], 0) * numels[2], NULL) AS picked
  FROM operator_signature
  WHERE
    formula IN (
      'convolution_backward', 'attention_backward', 'attention_backward_by_length',
      'normalization_backward', 'foreach', 'fused_update', 'gather', 'index', 'scatter',
      'index_add', 'index_put', 'embedding_backward', 'new_fill', 'slice_backward'
    )
),

costed AS (
  SELECT
    *,
    try(cast(CASE formula
      WHEN 'convolution_backward'
        THEN
          2 * if(arguments[8] IN ('True', 'true', '1'), numels[2], numels[1])
          * list_product(dims[3][2:]) * (mask[1] + mask[2])
      WHEN 'attention_backward'
        THEN
          2 * list_product(dims[2][:3]) * dims[3][3] * (3 * dims[2][4] + 2 * dims[4][4])
      WHEN 'attention_backward_by_length'
        THEN
          2 * list_product(dims[2][:3]) * dims[3][2] * (3 * dims[2][4] + 2 * dims[4][4])
      ELSE 0
    END AS BIGINT)) AS flops,
    try(CASE formula
      WHEN 'normalization_backward' THEN 5 * numels[1]
      WHEN 'foreach' THEN numels[1]
      WHEN 'fused_update' THEN 10 * numels[1]
      WHEN 'index_add' THEN numels[4]
      ELSE 0
    END) AS element_flops,
    try(CASE formula
      WHEN 'convolution_backward'
        THEN
          unit * (
            numels[1] + (mask[1] + mask[2]) * (numels[2] + numels[3]) + mask[3] * dims[1][2]
          )
      WHEN 'normalization_backward'
        THEN
          list_sum(list_transform(list_zip(item_bytes, numels), LAMBDA pair: pair[1] * pair[2]))
          + unit * numels[1] * if(starts_with(arguments[-1], '['), mask[1], 1)
      WHEN 'foreach'
        THEN
          4 * CASE
            WHEN name IN ('aten::_foreach_norm', 'aten::_foreach_max') THEN list_numel
            WHEN name = 'aten::_foreach_zero_' THEN numels[1]
            WHEN name = 'aten::_foreach_copy_' THEN numels[1] + numels[2]
            ELSE list_numel + numels[1]
          END
      WHEN 'fused_update'
        THEN
          4 * (
            list_numel + numels[1] + coalesce(numels[3], 0)
            + if(contains(name, 'adam'), numels[4], 0)
          )
      WHEN 'gather' THEN numels[3] * (item_bytes[3] + 2 * unit)
      WHEN 'index' THEN numels[2] * 8 + 2 * picked * unit
      WHEN 'scatter'
        THEN
          numels[3] * (
            item_bytes[3] + if(numels[4] IS NULL, 0, unit)
            + if(contains(name, 'add') OR contains(name, 'reduce'), 2, 1) * unit
          )
      WHEN 'index_add' THEN numels[3] * item_bytes[3] + 3 * numels[4] * unit
      WHEN 'index_put'
        THEN
          coalesce(numels[2], 0) * 8
          + coalesce(picked, if(dims[3] = [], NULL, numels[3])) * unit
          * if(arguments[4] IN ('True', 'true', '1'), 3, 2)
      WHEN 'embedding_backward' THEN numels[2] * item_bytes[2] + 3 * numels[1] * unit
      WHEN 'new_fill' THEN list_product(try_cast(arguments[2] AS BIGINT[])) * unit
      WHEN 'slice_backward'
        THEN (list_product(try_cast(arguments[2] AS BIGINT[])) + 2 * numels[1]) * unit
      ELSE
        -- attention: a package is also given the tensors to write to
        list_sum(list_transform(
          list_slice(list_zip(item_bytes, numels), 1, if(starts_with(name, 'aten::'), 8, 6)),
          LAMBDA pair: pair[1] * pair[2]
        )) + unit * (numels[2] + numels[3] + numels[4])
    END) AS bytes
  FROM masked
)

SELECT
  trace_id,
  signature_id,
  name,
  input_dims,
  input_strides,
  input_types,
  concrete_inputs,
  if(flops < 1000000000000000000, flops, NULL) AS flops,
  element_flops::BIGINT AS element_flops,
  try_cast(bytes AS BIGINT) AS bytes,
  formula
FROM costed
