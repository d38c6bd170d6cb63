-- collective: the arguments of collectives in a Kineto trace.
--
-- Why:     newer versions write them to the kernel, all others to the operator that PyTorch puts
--          around the call.
-- Grain:   one row per kernel or operator with the name of a collective among its arguments
-- Inputs:  kineto_kernel_order, kineto_op_order, kineto_text, trace_file
-- Columns:
--   trace_id             trace.trace_id
--   kernel_id            kernel.kernel_id; NULL for an operator
--   op_id                cpu_op.op_id; NULL for a kernel
--   name                 as recorded
--   process_group        name of the group
--   process_group_ranks  JSON text
--   group_size           ranks in the group
--   in_elements          elements of the input
--   out_elements         elements of the output
--   dtype                type of an element, as recorded
WITH described AS (
  SELECT
    text_id,
    collective_name AS name,
    process_group,
    process_group_ranks,
    group_size,
    in_elements,
    out_elements,
    dtype
  FROM kineto_text
  WHERE collective_name IS NOT NULL
)

SELECT file.trace_id, kernel.kernel_id, NULL AS op_id, described.* EXCLUDE (text_id)
FROM kineto_kernel_order AS kernel
INNER JOIN described ON kernel.text_id = described.text_id
CROSS JOIN trace_file AS file
UNION ALL
SELECT file.trace_id, NULL AS kernel_id, op.op_id, described.* EXCLUDE (text_id)
FROM kineto_op_order AS op
INNER JOIN described ON op.text_id = described.text_id
CROSS JOIN trace_file AS file
