-- runtime_call: one call into the CUDA or HIP runtime or driver.
--
-- Why:     kernels are tied to the host through the call that launched them, runtime or driver.
-- Grain:   one row per call
-- Inputs:  none
-- Columns:
--   trace_id        trace.trace_id
--   call_id         number within the trace
--   process_id      process, as text
--   thread_id       thread, as text
--   start_ns        ns from the trace's base
--   dur_ns          ns on the host
--   name            as recorded
--   correlation_id  shared with what the call put on the device; NULL if absent
--   external_id     links to cpu_op; NULL if absent
CREATE TABLE runtime_call (
  trace_id INTEGER NOT NULL,
  call_id BIGINT NOT NULL,
  process_id VARCHAR,
  thread_id VARCHAR,
  start_ns BIGINT NOT NULL,
  dur_ns BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  correlation_id BIGINT,
  external_id BIGINT
);
