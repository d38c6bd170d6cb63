-- collective: what PyTorch or NCCL recorded of one collective: its kind, its group and its sizes.
--
-- Why:     a rate needs the bytes and the number of ranks, and NCCL's kernels are named after
--          neither.
-- Grain:   one row per kernel or operator with the name of a collective among its arguments, and
--          per NVTX range of NCCL that launches
-- Inputs:  none
-- Columns:
--   trace_id             trace.trace_id
--   kernel_id            kernel.kernel_id; NULL for an operator and a range
--   op_id                cpu_op.op_id of a record_param_comms; NULL for a kernel and a range
--   annotation_id        annotation.annotation_id of NCCL's range; NULL for others
--   name                 as recorded, such as 'allreduce' or '_allgather_base'; of NCCL's range
--                        'AllReduce', or 'group' for what ncclGroupEnd launches together
--   process_group        name of the group, or NCCL's number of the communicator; NULL if absent
--   process_group_ranks  JSON text, such as '[0, 1]', perhaps shortened; NULL if absent
--   group_size           ranks in the group; NULL if absent
--   in_elements          elements of the input; NULL if absent
--   out_elements         elements of the output; NULL if absent
--   dtype                type of an element as PyTorch names it: 'BFloat16'; NULL if absent
--   rank_bytes           bytes of one rank's message, as NCCL's range says; NULL for others
--   sequence_number      number of the call in its group, equal on all its ranks ('Seq'); NULL if
--                        absent: written since 2026 (pytorch/kineto#1296)
--   comms_id             number of the call, equal on all its ranks ('Comms Id', #1299); NULL if
--                        absent
CREATE TABLE collective (
  trace_id INTEGER NOT NULL,
  kernel_id BIGINT,
  op_id BIGINT,
  annotation_id BIGINT,
  name VARCHAR NOT NULL,
  process_group VARCHAR,
  process_group_ranks VARCHAR,
  group_size INTEGER,
  in_elements BIGINT,
  out_elements BIGINT,
  dtype VARCHAR,
  rank_bytes BIGINT,
  sequence_number BIGINT,
  comms_id VARCHAR
);
