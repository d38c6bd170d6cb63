-- signature_cost: FLOPs and bytes of each distinct call (178 lines because of its formulas).
--
-- Why:     output shapes are inferred. FLOPs are 2 * multiply-adds, as in torch.utils.flop_counter:
--          convolution 2 * N * positions * weight elements (positions of the output; of the input
--          if transposed), mm 2*m*k*n, attention 2*B*H*Lq*Lk*(D + Dv), masked or not.
-- Grain:   one row per (trace_id, signature_id)
-- Inputs:  operator_signature, convolution_output, reduction_output, operator_output,
--          training_cost, scalar_type
-- From:    operator_signature, training_cost
-- Columns:
--   trace_id         trace.trace_id
--   signature_id     cpu_op.signature_id
--   name             cpu_op.name
--   input_dims       cpu_op.input_dims
--   input_strides    cpu_op.input_strides
--   input_types      cpu_op.input_types
--   concrete_inputs  cpu_op.concrete_inputs
--   flops            2 * multiply-adds; 0 for operators without matrix products; NULL if unknown
--   element_flops    operations on single elements, estimated: 1 each, 5 for norms and softmax
--   bytes            inputs read once and output written once; NULL if unknown; without the output
--                    of a reduction or pooling whose axes or window were not recorded
--   formula          formula used
WITH numbered AS (
  SELECT
    *,
    -- TRY, because shapes and arguments can contain anything; the result is then unknown
    try(cast(CASE formula
      -- a product with a vector has one column
      WHEN 'linear' THEN numels[1] // nullif(dims[2][-1], 0) * if(len(dims[2]) = 1, 1, dims[2][1])
      WHEN 'mm' THEN numels[1] // nullif(dims[1][-1], 0) * if(len(dims[2]) = 1, 1, dims[2][-1])
      WHEN 'addmm' THEN numels[2] // nullif(dims[2][-1], 0) * if(len(dims[3]) = 1, 1, dims[3][-1])
      WHEN 'attention' THEN numels[1] // nullif(dims[1][-1], 0) * dims[3][-1]
      WHEN 'attention_by_length' THEN numels[1] // nullif(dims[1][-1], 0) * dims[3][-1]
      WHEN 'pointwise'
        -- that of two scalars is one
        THEN if(dims[1] IS NULL, NULL, list_product(list_append(list_transform(
          list_zip(list_reverse(dims[1]), list_reverse(coalesce(dims[2], []))),
          LAMBDA pair: greatest(coalesce(pair[1], 1), coalesce(pair[2], 1))
        ), 1)))
      WHEN 'embedding' THEN numels[2] * dims[1][-1]
      WHEN 'index_select'
        -- a negative number counts from the end, as a list's does here
        THEN numels[1] // nullif(dims[1][
          try_cast(arguments[2] AS BIGINT) + if(starts_with(arguments[2], '-'), 0, 1)
        ], 0) * numels[3]
      WHEN 'resampling'
        THEN
          dims[1][1] * dims[1][2] * coalesce(
            list_product(nullif(try_cast(arguments[2] AS BIGINT[]), [])),
            list_product(list_transform(
              list_zip(dims[1][3:], try_cast(arguments[3] AS DOUBLE[])),
              LAMBDA pair: floor(pair[1] * pair[2])
            ))
          )
      -- before and after the last axis, then of the axis before it
      WHEN 'padding'
        THEN list_product(list_transform(
          list_zip(list_reverse(dims[1]), range(len(dims[1]))),
          LAMBDA axis: axis[1] + if(
            2 * axis[2] < len(try_cast(arguments[2] AS BIGINT[])),
            list_sum(try_cast(arguments[2] AS BIGINT[])[2 * axis[2] + 1:2 * axis[2] + 2]), 0
          )
        ))
      -- groups of rows, of columns, or of the sums, which end where an input says
      WHEN 'grouped_mm'
        THEN
          numels[1] // nullif(dims[1][-1], 0) * dims[2][-1]
          * if(len(dims[1]) + len(dims[2]) = 4, dims[if(contains(name, 'scaled'), 5, 3)][1], 1)
          // if(len(dims[1]) > len(dims[2]), dims[1][1], 1)
      ELSE if(formula IN ('convolution', 'reduction', 'loss', 'pooling'), NULL, numels[1])
    END AS BIGINT)) AS output_numel,
    list_max(list_filter(list_zip(item_bytes, numels), LAMBDA pair: pair[2] = list_max(numels)))[1]
      AS widest_bytes,
    len(list_filter(
      list_zip(item_bytes, dims), LAMBDA pair: pair[1] IS NULL AND len(pair[2]) > 0
    )) > 0 AS has_unknown_type,
    if(has_unknown_type, NULL, try_cast(list_sum(
      list_transform(list_zip(item_bytes, read_numels), LAMBDA pair: try(pair[1] * pair[2]))
    ) AS BIGINT)) AS read_bytes,
    if(has_unknown_type, NULL, try_cast(list_sum(
      list_transform(list_zip(item_bytes, numels), LAMBDA pair: try(pair[1] * pair[2]))
    ) AS BIGINT)) AS input_bytes
  FROM operator_signature
  ANTI JOIN (SELECT DISTINCT formula FROM training_cost) AS of_training USING (formula)
),

costed AS (
  SELECT
    numbered.*,
    coalesce(convolution_output.output_numel, reduction_output.output_numel) AS window_numel,
    coalesce(
      operator_output.item_bytes, scalar_type.item_bytes, numbered.widest_bytes
    ) + coalesce(operator_output.extra_bytes, 0) AS output_item_bytes,
    try(cast(CASE numbered.formula
      WHEN 'convolution' THEN 2 * convolution_output.position_count * numbered.numels[2]
      WHEN 'linear' THEN 2 * numbered.output_numel * numbered.dims[2][-1]
      WHEN 'mm' THEN 2 * numbered.output_numel * numbered.dims[1][-1]
      WHEN 'addmm' THEN 2 * numbered.output_numel * numbered.dims[2][-1]
      WHEN 'grouped_mm'
        THEN
          2 * numbered.output_numel * numbered.dims[1][-1]
          // if(
            len(numbered.dims[1]) + len(numbered.dims[2]) = 4,
            numbered.dims[if(contains(numbered.name, 'scaled'), 5, 3)][1], 1
          )
      -- [.., length, head size]: with three dimensions there is one head
      WHEN 'attention'
        THEN
          2 * list_product(numbered.dims[1][:-2]) * numbered.dims[2][-2]
          * (numbered.dims[1][-1] + numbered.dims[3][-1])
      WHEN 'attention_by_length'
        THEN
          2 * list_product(numbered.dims[1][:3]) * numbered.dims[2][2]
          * (numbered.dims[1][4] + numbered.dims[3][4])
      ELSE 0
    END AS BIGINT)) AS flops
  FROM numbered
  LEFT JOIN convolution_output USING (trace_id, signature_id)
  LEFT JOIN reduction_output USING (trace_id, signature_id)
  LEFT JOIN operator_output ON split_part(numbered.name, '.', 1) = operator_output.op_name
  LEFT JOIN scalar_type
    ON
      scalar_type.code::VARCHAR = CASE
        WHEN numbered.formula = 'cast' THEN numbered.arguments[2]
        WHEN numbered.name = 'aten::_scaled_mm' THEN numbered.arguments[7]
        WHEN numbered.name = 'aten::_scaled_mm_v2' THEN numbered.arguments[10]
        -- bfloat16 if not said
        WHEN numbered.name = 'aten::_scaled_grouped_mm'
          THEN coalesce(nullif(numbered.arguments[8], ''), '15')
      END
      AND scalar_type.type_name != 'long'
)

SELECT
  trace_id,
  signature_id,
  name,
  input_dims,
  input_strides,
  input_types,
  concrete_inputs,
  -- reject a shape that would take the fastest device a thousand seconds
  if(flops < 1000000000000000000, flops, NULL) AS flops,
  try(CASE
    WHEN formula IN ('normalization', 'softmax') THEN 5 * output_numel
    WHEN formula IN ('pointwise', 'resampling') THEN output_numel
    WHEN formula IN ('reduction', 'loss', 'pooling') THEN numels[1]
    ELSE 0
  END) AS element_flops,
  try(CASE formula
    -- an overwritten input is not read, nor are rows that no index selects
    WHEN 'copy'
      THEN coalesce(
        read_numels[2] * item_bytes[2] + numels[1] * item_bytes[1],
        read_bytes + input_bytes,
        2 * numels[1] * 4
      )
    WHEN 'fill' THEN input_bytes
    WHEN 'embedding' THEN input_bytes - numels[1] * item_bytes[1] + 2 * output_numel * item_bytes[1]
    WHEN 'index_select' THEN numels[3] * item_bytes[3] + 2 * output_numel * item_bytes[1]
    ELSE read_bytes + coalesce(window_numel, output_numel) * output_item_bytes
  END) AS bytes,
  formula
FROM costed
UNION ALL
SELECT
  trace_id,
  signature_id,
  name,
  input_dims,
  input_strides,
  input_types,
  concrete_inputs,
  flops,
  element_flops,
  bytes,
  formula
FROM training_cost
