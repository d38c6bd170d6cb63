-- memory_event: CUDA allocations of an Nsight Systems export (--cuda-memory-usage=true).
--
-- Why:     shows the memory that an allocator obtained from the driver, in use or not.
-- Grain:   one row per allocation or release
-- Inputs:  trace_file, nsys_memory_usage, nsys_device_number
-- Columns:
--   trace_id        from trace_file
--   ts_ns           ns from the session's start
--   device_id       as in kernel; -1 for pageable and pinned host memory
--   addr            address
--   size_bytes      bytes; negative for a release
--   reserved_bytes  bytes, sum of the device's events up to this one
WITH event AS (
  SELECT
    used.row_id,
    used.start_ns,
    -- SQLite has only signed integers, so the upper half of the addresses is negative
    if(used.addr < 0, used.addr::HUGEINT + 18446744073709551616, used.addr)::UBIGINT AS addr,
    -- memKind 0 is pageable, 1 pinned host memory (ENUM_CUDA_MEM_KIND)
    CASE
      WHEN used.memory_kind IN (0, 1) THEN -1
      ELSE coalesce(mapped.device_id, used.device_id, 0)
    END AS device_id,
    CASE WHEN used.operation = 1 THEN -used.size_bytes ELSE used.size_bytes END AS size_bytes
  FROM nsys_memory_usage AS used
  LEFT JOIN nsys_device_number AS mapped
    ON
      ((used.global_pid >> 24) & 16777215)::VARCHAR = mapped.process_id
      AND used.device_id = mapped.device_number
  WHERE used.start_ns IS NOT NULL AND used.size_bytes IS NOT NULL
)

SELECT
  trace_file.trace_id,
  event.start_ns AS ts_ns,
  event.device_id,
  event.addr,
  event.size_bytes,
  sum(event.size_bytes) OVER (
    PARTITION BY event.device_id
    ORDER BY event.start_ns, event.row_id
    ROWS UNBOUNDED PRECEDING
  )::BIGINT AS reserved_bytes
FROM event
CROSS JOIN trace_file
