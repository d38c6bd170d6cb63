-- cpu_op: the operators of a Kineto trace.
--
-- Why:     labels of a capture that are recorded as operators go to annotation.
-- Grain:   one row per operator execution
-- Inputs:  kineto_op_order, kineto_text, trace_file
-- From:    kineto_op_order
-- Columns:
--   trace_id           trace.trace_id
--   op_id              in order of process, thread and start, outer operators first
--   process_id         process, as text
--   thread_id          thread, as text
--   start_ns           ns from the trace's base
--   dur_ns             ns, children included
--   name               as recorded
--   external_id        shared with the device work that it launched; NULL if absent
--   sequence_number    links a backward operator to its forward operator; NULL if absent
--   forward_thread_id  thread of the forward operator; NULL if absent
--   input_dims         JSON text; NULL if shapes were not recorded
--   input_types        JSON text
--   input_strides      JSON text
--   concrete_inputs    JSON text
--   signature_id       see kineto_text
SELECT
  file.trace_id,
  op.op_id,
  text.pid AS process_id,
  text.tid AS thread_id,
  op.start_ns,
  op.dur_ns,
  text.name,
  op.external_id,
  op.sequence_number,
  op.forward_thread_id,
  text.input_dims,
  text.input_types,
  text.input_strides,
  text.concrete_inputs,
  text.signature_id
FROM kineto_op_order AS op
INNER JOIN kineto_text AS text ON op.text_id = text.text_id
CROSS JOIN trace_file AS file
