-- reduction_output: the output size of each distinct reduction and pooling.
--
-- Why:     most reductions leave few elements, but pooling of 2 x 2 leaves a quarter, and the sum
--          over the experts of a token half or more.
-- Grain:   one row per (trace_id, signature_id) of a reduction, a loss or pooling
-- Inputs:  operator_signature
-- From:    operator_signature WHERE formula SIMILAR TO 'reduction|loss|pooling'
-- Columns:
--   trace_id      trace.trace_id
--   signature_id  cpu_op.signature_id
--   name          cpu_op.name
--   output_numel  elements of the output; 1 if no axes or no window were recorded
WITH called AS (
  SELECT
    trace_id,
    signature_id,
    name,
    formula,
    dims[1] AS shape,
    len(dims[1]) AS rank,
    arguments,
    -- a norm's order comes first; without an argument behind it, what is there is a type
    if(ends_with(name, 'norm'), 3, 2) AS place,
    if(len(arguments) > place, arguments[place], NULL) AS axes_text,
    list_transform(
      coalesce(try_cast(axes_text AS BIGINT[]), [try_cast(axes_text AS BIGINT)]),
      -- a negative number counts from the end
      LAMBDA axis: if(axis < 0, axis + rank, axis)
    ) AS axes,
    -- the axes that a window moves along are the last ones
    if(contains(name, '3d'), 3, 2) AS spatial,
    list_transform(arguments, LAMBDA text: nullif(try_cast(text AS BIGINT[]), [])) AS lists,
    if(contains(name, 'max'), lists[5], NULL) AS dilation,
    if(contains(name, 'max'), arguments[6], arguments[5]) IN ('True', 'true', '1') AS rounds_up
  FROM operator_signature
  WHERE formula IN ('reduction', 'loss', 'pooling')
),

axis AS (
  SELECT
    *,
    -- one number applies to all axes: [2] is [2, 2]
    list_transform(range(1, spatial + 1), LAMBDA i: {
      'size': shape[rank - spatial + i],
      'kernel': coalesce(lists[2][i], lists[2][1]),
      'stride': coalesce(lists[3][i], lists[3][1], lists[2][i], lists[2][1]),
      'padding': coalesce(lists[4][i], lists[4][1], 0),
      'dilation': coalesce(dilation[i], dilation[1], 1)
    }) AS windows
  FROM called
),

placed AS (
  SELECT
    *,
    list_transform(windows, LAMBDA w: {
      'first': w.size + 2 * w.padding - w.dilation * (w.kernel - 1) - 1,
      'stride': nullif(w.stride, 0),
      -- no window starts behind the tensor
      'most': (w.size + w.padding - 1) // nullif(w.stride, 0) + 1
    }) AS steps
  FROM axis
)

SELECT
  trace_id,
  signature_id,
  name,
  coalesce(try(cast(CASE
    WHEN name = 'aten::mse_loss' THEN if(arguments[3] = '0', list_product(shape), 1)
    WHEN formula = 'loss' THEN if(arguments[4] = '0', shape[1], 1)
    WHEN formula = 'reduction'
      THEN
        if(axes[1] IS NULL, 1, coalesce(list_product(list_transform(
          list_filter(range(0, rank), LAMBDA i: NOT contains(axes, i)), LAMBDA i: shape[i + 1]
        )), 1))
    ELSE
      coalesce(list_product(shape[:rank - spatial]), 1) * list_product(
        if(
          contains(name, 'adaptive'),
          list_transform(range(1, spatial + 1), LAMBDA i: coalesce(lists[2][i], lists[2][1])),
          list_transform(steps, LAMBDA s: if(
            rounds_up,
            least((s.first + s.stride - 1) // s.stride + 1, s.most),
            s.first // s.stride + 1
          ))
        )
      )
  END AS BIGINT)), 1) AS output_numel
FROM placed
