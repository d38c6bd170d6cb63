-- operator_pass: passes over memory of each distinct operator (121 lines because of many kinds).
--
-- Why:     whether a kernel runs at the bandwidth follows from shapes, strides and types: operands
--          that are dense and alike are read in wide pieces; others need an index per element, and
--          far more time if neighbours in one operand are far apart in another.
-- Grain:   one row per (trace_id, signature_id) of an operator without a matrix product
-- Inputs:  operator_signature, signature_cost, modelled_device, scalar_type
-- Columns:
--   trace_id         trace.trace_id
--   signature_id     cpu_op.signature_id
--   name             cpu_op.name
--   input_dims       cpu_op.input_dims
--   input_strides    cpu_op.input_strides
--   input_types      cpu_op.input_types
--   concrete_inputs  cpu_op.concrete_inputs
--   kernel_kind      see kernel_rate
--   element_count    elements that the kernel computes an index for
--   bytes            read or written, once
--   row_count        rows that are normalized; NULL for other operators
-- Kept:    view
WITH costed AS (
  SELECT
    operator_signature.*,
    signature_cost.bytes,
    signature_cost.element_flops,
    modelled_device.list_item_bytes,
    list_transform(
      list_zip(
        dims, try(json_extract(operator_signature.input_strides, '$[*]')), numels, item_bytes
      ),
      -- each tensor's axes longer than 1, with their strides
      LAMBDA input: {
        'numel': input[3],
        'item_bytes': input[4],
        'axes': list_filter(
          list_zip(input[1], coalesce(try_cast(input[2] AS BIGINT[]), [])), LAMBDA axis: axis[1] > 1
        )
      }
    ) AS tensors
  FROM operator_signature
  INNER JOIN signature_cost USING (trace_id, signature_id)
  INNER JOIN modelled_device ON operator_signature.trace_id = modelled_device.trace_id
  WHERE signature_cost.flops = 0
),

laid AS (
  SELECT
    costed.*,
    list_max(numels) AS widest,
    list_filter(tensors, LAMBDA t: t.numel > 1) AS operands,
    -- those as large as the largest; the others repeat along them
    list_filter(tensors, LAMBDA t: t.numel = list_max(numels)) AS full_operands,
    list_transform(full_operands, LAMBDA t: list_transform(t.axes, LAMBDA a: a[2])) AS strides,
    len(try_cast(try(json_extract(costed.input_dims, '$[0][0]')) AS BIGINT[])) AS rank,
    len(operands) = len(full_operands) AS is_even,
    len(list_distinct(strides)) = 1 AS is_alike,
    -- dense: the last element is as far from the first as there are elements
    list_bool_and(list_transform(full_operands, LAMBDA t: coalesce(list_sum(list_transform(
      t.axes, LAMBDA axis: (axis[1] - 1) * axis[2]
    )), 0) + 1 = t.numel)) AS is_dense,
    -- neighbours in one are far apart in another, or in a contiguous copy
    len(list_distinct(list_transform(strides, LAMBDA s: list_position(s, 1)))) > 1
    OR ends_with(costed.name, '::clone') AND strides[1][-1] > 1 AS is_crossed,
    len(list_distinct(list_transform(operands, LAMBDA t: t.item_bytes))) > 1 AS is_mixed,
    if(formula = 'cast', costed.item_bytes[1], costed.item_bytes[2]) AS source_bytes,
    if(formula = 'cast', scalar_type.item_bytes, costed.item_bytes[1]) AS target_bytes
  FROM costed
  LEFT JOIN scalar_type
    ON
      costed.formula = 'cast' AND costed.arguments[2] = scalar_type.code::VARCHAR
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
  CASE
    WHEN
      formula IN (
        'embedding', 'embedding_backward', 'gather', 'index', 'index_add', 'index_put',
        'index_select', 'scatter'
      )
      THEN 'gather'
    WHEN formula = 'copy' AND dims[1] = []
      THEN if(try_cast(arguments[2] AS BIGINT) IN (-1, rank - 1), 'interleaving', 'concatenation')
    WHEN formula IN ('reduction', 'loss', 'pooling') THEN 'reduction'
    WHEN formula IN ('fill', 'foreach', 'fused_update', 'new_fill', 'slice_backward')
      THEN 'contiguous'
    WHEN formula = 'softmax'
      THEN if(dims[1][-1] <= 1024, 'softmax', 'softmax_' || if(dims[1][-1] % 8 = 0, 'long', 'odd'))
    WHEN formula = 'normalization_backward' THEN 'layer_norm'
    WHEN formula = 'normalization' THEN if(contains(name, 'group_norm'), 'moments', 'layer_norm')
    WHEN is_crossed AND formula NOT IN ('padding', 'resampling') THEN 'uncoalesced'
    WHEN formula IN ('cast', 'copy') AND is_alike AND target_bytes > source_bytes THEN 'upcast'
    WHEN formula IN ('cast', 'copy') AND is_alike THEN 'contiguous'
    WHEN is_alike AND is_even AND is_dense AND formula NOT IN ('padding', 'resampling')
      THEN
        CASE
          WHEN is_mixed THEN 'mixed'
          WHEN split_part(name, '::', 2) IN ('gelu', 'silu', 'sigmoid', 'tanh') THEN 'function'
          ELSE 'contiguous'
        END
    WHEN coalesce(list_max(item_bytes), list_item_bytes) > 2 THEN 'strided_32'
    ELSE 'strided_16'
  END AS kernel_kind,
  try_cast(CASE formula
    WHEN 'index_select' THEN (bytes - numels[3] * item_bytes[3]) / (2 * item_bytes[1])
    WHEN 'embedding' THEN (bytes - numels[2] * item_bytes[2]) / (2 * item_bytes[1])
    WHEN 'resampling' THEN bytes / item_bytes[1] - numels[1]
    WHEN 'padding' THEN bytes / item_bytes[1] - numels[1]
    WHEN 'pointwise' THEN element_flops
    ELSE if(kernel_kind = 'gather', bytes / (2 * item_bytes[1]), widest)
  END AS BIGINT) AS element_count,
  -- a list of tensors has no type of its own
  if(dims[1] = [] AND formula = 'copy', 2 * numels[1] * list_item_bytes, bytes) AS bytes,
  if(kernel_kind = 'moments', dims[1][1] * try_cast(arguments[7] AS BIGINT), NULL) AS row_count
FROM laid
