-- memory_block: the blocks of a memory snapshot.
--
-- Why:     they say how much of each segment is in use.
-- Grain:   one row per block
-- Inputs:  trace_file, memory_snapshot_block
-- Columns:
--   trace_id         from trace_file
--   segment_id       memory_segment.segment_id
--   device_id        the segment's
--   addr             address
--   size_bytes       bytes
--   requested_bytes  bytes that the program asked for
--   state            as recorded
--   stack_id         memory_stack.stack_id
SELECT trace_file.trace_id, block.*
FROM memory_snapshot_block AS block
CROSS JOIN trace_file
