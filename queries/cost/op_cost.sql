-- op_cost: FLOPs and bytes of each operator that carries a cost, from its shapes.
--
-- Why:     a roofline and FLOP shares need costs that are counted once per chain of operators.
-- Grain:   one row per cpu_op that carries a cost
-- Inputs:  cpu_op, cost_root, signature_cost
-- Columns:
--   trace_id       trace.trace_id
--   op_id          cpu_op.op_id
--   flops          2 * multiply-adds; NULL if unknown
--   element_flops  operations on single elements, an estimate; NULL if unknown
--   bytes          inputs read once and output written once; NULL if unknown
--   formula        see signature_cost; 'unknown' if shapes are not enough
SELECT
  cpu_op.trace_id,
  cpu_op.op_id,
  signature_cost.flops,
  signature_cost.element_flops,
  signature_cost.bytes,
  coalesce(signature_cost.formula, 'unknown') AS formula
FROM cpu_op
INNER JOIN cost_root
  ON
    cpu_op.trace_id = cost_root.trace_id
    AND cpu_op.op_id = cost_root.cost_op_id
    AND cost_root.op_id = cost_root.cost_op_id
LEFT JOIN signature_cost
  ON
    cpu_op.trace_id = signature_cost.trace_id
    AND cpu_op.name = signature_cost.name
    AND cpu_op.input_dims = signature_cost.input_dims
    AND cpu_op.input_types IS NOT DISTINCT FROM signature_cost.input_types
    AND cpu_op.concrete_inputs IS NOT DISTINCT FROM signature_cost.concrete_inputs
