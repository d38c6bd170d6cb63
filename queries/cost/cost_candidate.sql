-- cost_candidate: the operators that can carry the cost of work, and whether their cost is known.
--
-- Why:     the FLOPs of a product are unknown if its shapes are not enough, and then an operator
--          around it or inside it carries the cost.
-- Grain:   one row per cpu_op with a row in costed_call
-- Inputs:  cpu_op, costed_call, signature_cost
-- From:    costed_call
-- Columns:
--   trace_id      trace.trace_id
--   op_id         cpu_op.op_id
--   signature_id  cpu_op.signature_id
--   cost_rank     costed_call.cost_rank
--   is_known      false for a product whose FLOPs are unknown
SELECT
  trace_id,
  cpu_op.op_id,
  signature_id,
  costed_call.cost_rank,
  costed_call.cost_rank < 2 OR signature_cost.flops IS NOT NULL AS is_known
FROM cpu_op
INNER JOIN costed_call USING (trace_id, signature_id)
LEFT JOIN signature_cost USING (trace_id, signature_id)
