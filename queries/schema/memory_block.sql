-- memory_block: one block of a segment when a memory snapshot was taken, in use or free.
--
-- Why:     free blocks between blocks in use are memory that the driver can't get back.
-- Grain:   one row per block of a memory snapshot
-- Inputs:  none
-- Columns:
--   trace_id         trace.trace_id
--   segment_id       memory_segment.segment_id
--   device_id        device.device_id
--   addr             address; NULL if absent
--   size_bytes       bytes, rounded up by the allocator
--   requested_bytes  bytes that the program asked for; NULL if absent
--   state            'active_allocated' (in use) | 'active_pending_free' or 'active_awaiting_free'
--                    (another stream still uses it) | 'inactive' (free)
--   stack_id         memory_stack.stack_id of its allocation; NULL if not recorded
CREATE TABLE memory_block (
  trace_id INTEGER NOT NULL,
  segment_id BIGINT NOT NULL,
  device_id INTEGER NOT NULL,
  addr UBIGINT,
  size_bytes BIGINT NOT NULL,
  requested_bytes BIGINT,
  state VARCHAR NOT NULL,
  stack_id BIGINT
);
