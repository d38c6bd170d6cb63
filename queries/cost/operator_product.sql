-- operator_product: the matrix product that each distinct operator runs.
--
-- Why:     linear layers, batched products and convolutions are products of M x K by K x N; their
--          time follows from M, N, K and whether tensor cores can load the rows. A convolution is
--          an implicit product: M are positions, K are input channels times the kernel's size. The
--          gradients of its input and weight are as many products of the forward pass's size.
-- Grain:   one row per (trace_id, signature_id) of an operator with the formula linear, mm, addmm,
--          convolution or convolution_backward
-- Inputs:  operator_signature, convolution_output, signature_cost
-- Columns:
--   trace_id         trace.trace_id
--   signature_id     cpu_op.signature_id
--   name             cpu_op.name
--   input_dims       cpu_op.input_dims
--   input_strides    cpu_op.input_strides
--   input_types      cpu_op.input_types
--   concrete_inputs  cpu_op.concrete_inputs
--   m                rows of the output
--   n                columns of the output
--   k                length of the sums
--   batch            products of that size
--   bytes            inputs and output, read or written once
--   item_bytes       bytes of one element
--   math             'half' | 'tf32' | 'float32' | 'float8': cuDNN uses TF32 by default, cuBLAS
--                    does not; NULL for other types
--   is_aligned       true if tensor cores can load rows in pieces of 16 bytes
--   is_convolution   true for an implicit product
-- Kept:    view
WITH shaped AS (
  SELECT
    operator_signature.*,
    signature_cost.bytes,
    signature_cost.flops,
    convolution_output.position_count,
    CASE operator_signature.formula WHEN 'addmm' THEN 2 ELSE 1 END AS first,
    operator_signature.formula IN ('convolution', 'convolution_backward') AS is_convolution,
    -- a backward operator is first given the output's gradient
    if(operator_signature.formula = 'convolution_backward', 1, 0) AS ahead,
    dims[2 + ahead] AS weight,
    coalesce(try_cast(arguments[9 + ahead] AS BIGINT), 1) AS group_count,
    arguments[7 + ahead] IN ('True', 'true', '1') AS transposed,
    try(json_extract_string(operator_signature.input_types, '$[*]'))[first] AS type_name
  FROM operator_signature
  INNER JOIN signature_cost USING (trace_id, signature_id)
  LEFT JOIN convolution_output USING (trace_id, signature_id)
  WHERE
    operator_signature.formula IN (
      'linear', 'mm', 'addmm', 'convolution', 'convolution_backward'
    )
    AND signature_cost.flops > 0
),

measured AS (
  SELECT
    *,
    item_bytes[first] AS first_item_bytes,
    CASE
      WHEN is_convolution THEN weight[1] // if(transposed, 1, group_count)
      WHEN formula = 'linear' THEN dims[2][1]
      -- a vector is one column
      ELSE if(len(dims[first + 1]) = 1, 1, dims[first + 1][-1])
    END AS n,
    CASE
      WHEN is_convolution THEN list_product(weight[2:])
      ELSE dims[first][-1]
    END AS k,
    CASE
      WHEN is_convolution THEN group_count
      WHEN len(dims[first]) = 3 AND formula <> 'linear' THEN dims[first][1]
      ELSE 1
    END AS batch
  FROM shaped
)

SELECT
  trace_id,
  signature_id,
  name,
  input_dims,
  input_strides,
  input_types,
  concrete_inputs,
  try_cast(flops / nullif(2 * n * k * batch, 0) AS BIGINT) AS m,
  try_cast(n AS BIGINT) AS n,
  try_cast(k AS BIGINT) AS k,
  try_cast(batch AS BIGINT) AS batch,
  -- what is multiplied by 0 is not read
  bytes - if(formula = 'addmm' AND arguments[4] = '0', numels[1] * item_bytes[1], 0) AS bytes,
  first_item_bytes AS item_bytes,
  CASE type_name
    WHEN 'c10::Half' THEN 'half'
    WHEN 'c10::BFloat16' THEN 'half'
    WHEN 'float' THEN if(is_convolution, 'tf32', 'float32')
    WHEN 'c10::Float8_e4m3fn' THEN 'float8'
    WHEN 'c10::Float8_e5m2' THEN 'float8'
    WHEN 'c10::Float8_e4m3fnuz' THEN 'float8'
    WHEN 'c10::Float8_e5m2fnuz' THEN 'float8'
  END AS math,
  if(
    is_convolution,
    weight[2] * first_item_bytes % 16 = 0 AND group_count = 1,
    n * first_item_bytes % 16 = 0 AND k * first_item_bytes % 16 = 0
  ) AS is_aligned,
  is_convolution
FROM measured
