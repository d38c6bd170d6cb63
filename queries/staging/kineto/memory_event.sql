-- memory_event: the allocator's events of a Kineto trace.
--
-- Why:     these are instant events named [memory]; older traces give them no category.
-- Grain:   one row per allocation or release
-- Inputs:  kineto_event, trace_file
-- From:    kineto_text WHERE name = '[memory]'
-- Columns:
--   trace_id         trace.trace_id
--   ts_ns            ns from the trace's base
--   device_id        device.device_id; -1 for host memory
--   process_id       process, as text
--   thread_id        thread that allocated or released, as text
--   addr             address; NULL if absent
--   size_bytes       bytes; negative for a release
--   allocated_bytes  bytes in use afterwards; NULL if absent
--   reserved_bytes   bytes held by the allocator afterwards; NULL if absent
SELECT
  file.trace_id,
  event.start_ns AS ts_ns,
  CASE
    WHEN event.memory_device_type = 0 THEN -1
    ELSE coalesce(event.memory_device_id, -1)
  END AS device_id,
  event.pid AS process_id,
  event.tid AS thread_id,
  event.addr,
  event.memory_bytes AS size_bytes,
  event.allocated_bytes,
  event.reserved_bytes
FROM kineto_event AS event
CROSS JOIN trace_file AS file
WHERE
  event.ph = 'i'
  AND event.name = '[memory]'
  AND event.start_ns IS NOT NULL
  AND event.memory_bytes IS NOT NULL
