-- costed_call: the operators whose FLOPs and bytes follow from their shapes.
--
-- Why:     a listed operator is known by its name, an attention operator of another library also by
--          its shapes.
-- Grain:   one row per cpu_op with shapes and a formula
-- Inputs:  cpu_op, costed_operator, fused_attention
-- From:    cpu_op WHERE input_dims IS NOT NULL
-- Columns:
--   trace_id   trace.trace_id
--   op_id      cpu_op.op_id
--   formula    costed_operator.formula
--   cost_rank  2 for matrix products, convolution and attention; 1 for other arithmetic; 0 for
--              copies, casts and fills
SELECT
  cpu_op.trace_id,
  cpu_op.op_id,
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
      costed_operator.formula IN ('copy', 'cast', 'fill', 'new_fill', 'slice_backward') THEN 0
    ELSE 1
  END AS cost_rank
FROM cpu_op
LEFT JOIN costed_operator ON split_part(cpu_op.name, '.', 1) = costed_operator.op_name
LEFT JOIN fused_attention
  ON
    cpu_op.trace_id = fused_attention.trace_id
    AND cpu_op.name = fused_attention.name
    AND cpu_op.input_dims = fused_attention.input_dims
WHERE
  cpu_op.input_dims IS NOT NULL
  AND coalesce(costed_operator.formula, fused_attention.formula) IS NOT NULL
