-- memory_segment: the segments of a memory snapshot.
--
-- Why:     they are the memory that the allocator holds.
-- Grain:   one row per segment
-- Inputs:  trace_file, memory_snapshot_segment
-- Columns:
--   trace_id       from trace_file
--   segment_id     in the file's order
--   device_id      as recorded; 0 in old snapshots
--   addr           address
--   size_bytes     bytes
--   stream_id      stream
--   kind           'small' | 'large'
--   is_expandable  true if the segment grows in place
SELECT trace_file.trace_id, segment.*
FROM memory_snapshot_segment AS segment
CROSS JOIN trace_file
