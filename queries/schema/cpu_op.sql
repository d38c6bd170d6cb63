-- cpu_op: one operator executed on the host by PyTorch's dispatcher.
--
-- Why:     operators have the shapes, and show what a kernel was for.
-- Grain:   one row per operator execution
-- Inputs:  none
-- Texts:   process_id, thread_id, name, input_dims, input_types, input_strides, concrete_inputs,
--          signature_id
-- Columns:
--   trace_id           trace.trace_id
--   op_id              number within the trace
--   process_id         process, as text
--   thread_id          thread, as text
--   start_ns           ns from the trace's base
--   dur_ns             ns, children included
--   name               such as 'aten::addmm'
--   external_id        shared with the device work that it launched; NULL if absent
--   sequence_number    links a backward operator to its forward operator; NULL if absent
--   forward_thread_id  thread of the forward operator; NULL if absent
--   input_dims         JSON text, one entry per input; NULL if shapes were not recorded
--   input_types        JSON text, one entry per input
--   input_strides      JSON text, one entry per input
--   concrete_inputs    JSON text, one entry per input: scalars and lists as text
--   signature_id       number of the distinct name, input_dims, input_types, input_strides and
--                      concrete_inputs within the trace
CREATE TABLE cpu_op (
  trace_id INTEGER NOT NULL,
  op_id BIGINT NOT NULL,
  process_id VARCHAR,
  thread_id VARCHAR,
  start_ns BIGINT NOT NULL,
  dur_ns BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  external_id BIGINT,
  sequence_number BIGINT,
  forward_thread_id BIGINT,
  input_dims VARCHAR,
  input_types VARCHAR,
  input_strides VARCHAR,
  concrete_inputs VARCHAR,
  signature_id INTEGER NOT NULL
);
