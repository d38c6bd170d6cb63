-- cost_candidate: the operators that can carry the cost of work, and whether their cost is known.
--
-- Why:     the FLOPs of a product are unknown if its shapes are not enough, and then an operator
--          around it or inside it carries the cost.
-- Grain:   one row per costed_call
-- Inputs:  costed_call, cpu_op, signature_cost
-- From:    costed_call
-- Columns:
--   trace_id   trace.trace_id
--   op_id      cpu_op.op_id
--   cost_rank  costed_call.cost_rank
--   is_known   false for a product whose FLOPs are unknown
WITH known_product AS (
  SELECT cpu_op.trace_id, cpu_op.op_id
  FROM costed_call
  INNER JOIN cpu_op USING (trace_id, op_id)
  INNER JOIN signature_cost
    ON
      cpu_op.trace_id = signature_cost.trace_id
      AND cpu_op.name = signature_cost.name
      AND cpu_op.input_dims = signature_cost.input_dims
      AND cpu_op.input_strides IS NOT DISTINCT FROM signature_cost.input_strides
      AND cpu_op.input_types IS NOT DISTINCT FROM signature_cost.input_types
      AND cpu_op.concrete_inputs IS NOT DISTINCT FROM signature_cost.concrete_inputs
  WHERE costed_call.cost_rank = 2 AND signature_cost.flops IS NOT NULL
)

SELECT
  costed_call.trace_id,
  costed_call.op_id,
  costed_call.cost_rank,
  costed_call.cost_rank < 2 OR known_product.op_id IS NOT NULL AS is_known
FROM costed_call
LEFT JOIN known_product USING (trace_id, op_id)
