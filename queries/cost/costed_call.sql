-- costed_call: distinct calls of operators whose FLOPs and bytes follow from their shapes.
--
-- Why:     a listed operator is known by its name, an attention operator of another library also by
--          its shapes. Ten million operators have a few thousand distinct calls.
-- Grain:   one row per (trace_id, signature_id) of cpu_op with shapes and a formula
-- Inputs:  cpu_op, costed_operator, fused_attention
-- From:    cpu_op WHERE input_dims IS NOT NULL
-- Columns:
--   trace_id         trace.trace_id
--   signature_id     cpu_op.signature_id
--   name             cpu_op.name
--   input_dims       cpu_op.input_dims
--   input_strides    cpu_op.input_strides
--   input_types      cpu_op.input_types
--   concrete_inputs  cpu_op.concrete_inputs
--   formula          costed_operator.formula
--   cost_rank        2 for matrix products, convolution and attention; 1 for other arithmetic; 0
--                    for copies, casts and fills
-- Never:   SELECT op_id FROM cpu_op JOIN costed_call AS call USING (trace_id, name)
--          WHERE (cpu_op.signature_id = call.signature_id) <> (
--          (cpu_op.input_dims, cpu_op.input_strides, cpu_op.input_types, cpu_op.concrete_inputs)
--          IS NOT DISTINCT FROM
--          (call.input_dims, call.input_strides, call.input_types, call.concrete_inputs))
WITH call AS (
  SELECT
    trace_id,
    signature_id,
    any_value(name) AS name,
    any_value(input_dims) AS input_dims,
    any_value(input_strides) AS input_strides,
    any_value(input_types) AS input_types,
    any_value(concrete_inputs) AS concrete_inputs
  FROM cpu_op
  WHERE input_dims IS NOT NULL
  GROUP BY trace_id, signature_id
)

SELECT
  call.*,
  coalesce(costed_operator.formula, fused_attention.formula) AS formula,
  CASE
    WHEN fused_attention.formula IS NOT NULL THEN 2
    WHEN
      costed_operator.formula IN (
        'convolution', 'mm', 'addmm', 'grouped_mm', 'linear', 'attention', 'attention_by_length',
        'convolution_backward', 'attention_backward', 'attention_backward_by_length'
      )
      THEN 2
    WHEN
      costed_operator.formula IN (
        'copy', 'cast', 'fill', 'new_fill', 'padding', 'slice_backward'
      ) THEN 0
    ELSE 1
  END AS cost_rank
FROM call
LEFT JOIN costed_operator ON split_part(call.name, '.', 1) = costed_operator.op_name
LEFT JOIN fused_attention
  ON
    call.trace_id = fused_attention.trace_id
    AND call.name = fused_attention.name
    AND call.input_dims = fused_attention.input_dims
WHERE coalesce(costed_operator.formula, fused_attention.formula) IS NOT NULL
