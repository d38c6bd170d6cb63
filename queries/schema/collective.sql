-- collective: what PyTorch recorded of one collective: its kind, its group and its sizes.
--
-- Why:     a rate needs the bytes and the number of ranks, and NCCL's kernels are named after
--          neither.
-- Grain:   one row per kernel or operator with the name of a collective among its arguments
-- Inputs:  none
-- Columns:
--   trace_id             trace.trace_id
--   kernel_id            kernel.kernel_id; NULL for an operator
--   op_id                cpu_op.op_id of a record_param_comms; NULL for a kernel
--   name                 as recorded, such as 'allreduce' or '_allgather_base'
--   process_group        name of the group; NULL if absent
--   process_group_ranks  JSON text, such as '[0, 1]', perhaps shortened; NULL if absent
--   group_size           ranks in the group; NULL if absent
--   in_elements          elements of the input; NULL if absent
--   out_elements         elements of the output; NULL if absent
--   dtype                type of an element as PyTorch names it: 'BFloat16'; NULL if absent
CREATE TABLE collective (
  trace_id INTEGER NOT NULL,
  kernel_id BIGINT,
  op_id BIGINT,
  name VARCHAR NOT NULL,
  process_group VARCHAR,
  process_group_ranks VARCHAR,
  group_size INTEGER,
  in_elements BIGINT,
  out_elements BIGINT,
  dtype VARCHAR
);
