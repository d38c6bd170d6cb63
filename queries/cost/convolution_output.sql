-- convolution_output: the output size of each distinct convolution, also transposed or grouped.
--
-- Why:     a convolution's cost depends on its output size, which follows from stride, padding and
--          dilation.
-- Grain:   one row per (trace_id, signature_id) of a convolution
-- Inputs:  operator_signature
-- From:    operator_signature WHERE formula = 'convolution'
-- Columns:
--   trace_id         trace.trace_id
--   signature_id     cpu_op.signature_id
--   name             cpu_op.name
--   input_dims       cpu_op.input_dims
--   input_types      cpu_op.input_types
--   concrete_inputs  cpu_op.concrete_inputs
--   output_numel     elements of the output; NULL if stride and padding were not recorded
--   position_count   batch size times the positions where the kernel is applied: positions of the
--                    output, or of the input if transposed
WITH geometry AS (
  SELECT
    trace_id,
    signature_id,
    name,
    input_dims,
    input_types,
    concrete_inputs,
    dims[1] AS input_shape,
    dims[2] AS weight_shape,
    len(dims[1]) - 2 AS spatial,
    nullif(try_cast(arguments[4] AS BIGINT[]), []) AS stride,
    nullif(try_cast(arguments[5] AS BIGINT[]), []) AS padding,
    nullif(try_cast(arguments[6] AS BIGINT[]), []) AS dilation,
    arguments[7] IN ('True', 'true', '1') AS transposed,
    coalesce(nullif(try_cast(arguments[8] AS BIGINT[]), []), [0]) AS output_padding,
    coalesce(try_cast(arguments[9] AS BIGINT), 1) AS group_count
  FROM operator_signature
  WHERE formula = 'convolution' AND arguments IS NOT NULL AND len(dims[1]) > 2
),

axis AS (
  SELECT
    *,
    -- one number applies to all axes: [1] is [1, 1]
    list_transform(range(1, spatial + 1), LAMBDA i: {
      'size': input_shape[i + 2],
      'kernel': weight_shape[i + 2],
      'stride': coalesce(stride[i], stride[1]),
      'padding': coalesce(padding[i], padding[1]),
      'dilation': coalesce(dilation[i], dilation[1], 1),
      'extra': coalesce(output_padding[i], output_padding[1])
    }) AS axes
  FROM geometry
),

sized AS (
  SELECT
    *,
    list_product(list_transform(axes, LAMBDA a: try(CASE
      WHEN transposed
        THEN
          (a.size - 1) * a.stride - 2 * a.padding + a.dilation * (a.kernel - 1) + a.extra + 1
      ELSE (a.size + 2 * a.padding - a.dilation * (a.kernel - 1) - 1) // nullif(a.stride, 0) + 1
    END))) AS output_positions
  FROM axis
)

SELECT
  trace_id,
  signature_id,
  name,
  input_dims,
  input_types,
  concrete_inputs,
  try(cast(
    input_shape[1] * output_positions
    * CASE WHEN transposed THEN weight_shape[2] * group_count ELSE weight_shape[1] END AS BIGINT
  )) AS output_numel,
  try(cast(
    input_shape[1]
    * CASE WHEN transposed THEN list_product(input_shape[3:]) ELSE output_positions END AS BIGINT
  )) AS position_count
FROM sized
