-- runtime_call: one call into the CUDA or HIP runtime or driver.
--
-- Why:     the call that launched a kernel links it to the host, whether runtime or driver.
-- Grain:   one row per call
-- Inputs:  none
-- Texts:   process_id, thread_id, name, kernel_name
-- Columns:
--   trace_id        trace.trace_id
--   call_id         number within the trace
--   process_id      process, as text
--   thread_id       thread, as text
--   start_ns        ns from the trace's base
--   dur_ns          ns on the host
--   name            as recorded
--   correlation_id  shared with the device work that the call launched; NULL if absent
--   external_id     links to cpu_op; NULL if absent
--   kernel_name     kernel that it launches, if the call says so; NULL if absent
CREATE TABLE runtime_call (
  trace_id INTEGER NOT NULL,
  call_id BIGINT NOT NULL,
  process_id VARCHAR,
  thread_id VARCHAR,
  start_ns BIGINT NOT NULL,
  dur_ns BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  correlation_id BIGINT,
  external_id BIGINT,
  kernel_name VARCHAR
);
