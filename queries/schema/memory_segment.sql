-- memory_segment: one piece of memory that PyTorch's allocator held when a snapshot was taken.
--
-- Why:     the allocator gets memory from the driver in segments and returns only whole ones.
-- Grain:   one row per segment of a memory snapshot
-- Inputs:  none
-- Columns:
--   trace_id       trace.trace_id
--   segment_id     number within the trace
--   device_id      device.device_id
--   addr           address; NULL if absent
--   size_bytes     bytes
--   stream_id      stream; NULL if absent
--   kind           'small' (blocks up to 1 MiB) | 'large'; NULL if absent
--   is_expandable  true if the segment grows in place
CREATE TABLE memory_segment (
  trace_id INTEGER NOT NULL,
  segment_id BIGINT NOT NULL,
  device_id INTEGER NOT NULL,
  addr UBIGINT,
  size_bytes BIGINT NOT NULL,
  stream_id BIGINT,
  kind VARCHAR,
  is_expandable BOOLEAN NOT NULL
);
