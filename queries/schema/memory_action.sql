-- memory_action: one thing that PyTorch's allocator did, from a memory snapshot.
--
-- Why:     segments, errors and delayed releases are not allocations, but say why memory is short.
-- Grain:   one row per entry of the snapshot's history
-- Inputs:  none
-- Columns:
--   trace_id           trace.trace_id
--   action_id          number within the trace, in order for each device
--   device_id          device.device_id
--   ts_ns              ns from the trace's base; entries of one microsecond are 1 ns apart
--   action             'alloc' | 'free_requested' | 'free_completed' | 'segment_alloc' |
--                      'segment_free' | 'segment_map' | 'segment_unmap' | 'oom' | 'snapshot', ...
--   addr               address; NULL if absent
--   size_bytes         bytes; of an 'oom', those that were asked for
--   stream_id          stream; NULL if absent
--   device_free_bytes  bytes that the device had free at an 'oom'; NULL otherwise
--   stack_id           memory_stack.stack_id; NULL if neither stack nor tag was recorded
--   allocated_bytes    bytes in use afterwards; NULL if the history contradicts the state
--   active_bytes       bytes in use or waiting for another stream; NULL as above
--   reserved_bytes     bytes held by the allocator; NULL as above
CREATE TABLE memory_action (
  trace_id INTEGER NOT NULL,
  action_id BIGINT NOT NULL,
  device_id INTEGER NOT NULL,
  ts_ns BIGINT NOT NULL,
  action VARCHAR NOT NULL,
  addr UBIGINT,
  size_bytes BIGINT NOT NULL,
  stream_id BIGINT,
  device_free_bytes BIGINT,
  stack_id BIGINT,
  allocated_bytes BIGINT,
  active_bytes BIGINT,
  reserved_bytes BIGINT
);
