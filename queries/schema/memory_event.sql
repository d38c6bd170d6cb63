-- memory_event: one event of PyTorch's memory allocator.
--
-- Why:     peak memory, and its growth with image size, come from here.
-- Grain:   one row per allocation or release
-- Inputs:  none
-- Columns:
--   trace_id         trace.trace_id
--   ts_ns            ns from the trace's base
--   device_id        device.device_id; -1 for host memory
--   process_id       process, as text; of a memory snapshot, the device; NULL if unknown
--   thread_id        thread that allocated or released, as text; NULL if unknown
--   addr             address; NULL if absent
--   size_bytes       bytes; negative for a release
--   allocated_bytes  bytes in use afterwards; NULL if absent
--   reserved_bytes   bytes held by the allocator afterwards; NULL if absent
--   stack_id         memory_stack.stack_id; NULL unless it is of a memory snapshot
CREATE TABLE memory_event (
  trace_id INTEGER NOT NULL,
  ts_ns BIGINT NOT NULL,
  device_id INTEGER NOT NULL,
  process_id VARCHAR,
  thread_id VARCHAR,
  addr UBIGINT,
  size_bytes BIGINT NOT NULL,
  allocated_bytes BIGINT,
  reserved_bytes BIGINT,
  stack_id BIGINT
);
