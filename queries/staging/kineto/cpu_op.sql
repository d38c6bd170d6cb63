-- cpu_op: the operators of a Kineto trace.
--
-- Why:     a capture's labels that were written as operators are left to annotation.
-- Grain:   one row per operator execution
-- Inputs:  kineto_host_range, trace_file
-- Columns:
--   trace_id           trace.trace_id
--   op_id              in order of process, thread and start, the outer operator first
--   process_id         process, as text
--   thread_id          thread, as text
--   start_ns           ns from the trace's base
--   dur_ns             ns, children included
--   name               as recorded
--   external_id        shared with the device work it asked for; NULL if absent
--   sequence_number    joins a backward operator to its forward one; NULL if absent
--   forward_thread_id  thread of the forward operator; NULL if absent
--   input_dims         JSON text; NULL if shapes were not recorded
--   input_types        JSON text
--   input_strides      JSON text
--   concrete_inputs    JSON text
WITH ordered AS (
  SELECT
    file.trace_id,
    op.pid AS process_id,
    op.tid AS thread_id,
    op.start_ns,
    op.dur_ns,
    op.name,
    op.external_id,
    op.sequence_number,
    op.forward_thread_id,
    op.input_dims,
    op.input_types,
    op.input_strides,
    op.concrete_inputs
  FROM kineto_host_range AS op
  CROSS JOIN trace_file AS file
  WHERE op.is_op
  -- a sort spills to disk, a window over all rows would not
  ORDER BY op.pid, op.tid, op.start_ns, op.dur_ns DESC, op.external_id
)

SELECT
  trace_id,
  row_number() OVER () AS op_id,
  process_id,
  thread_id,
  start_ns,
  dur_ns,
  name,
  external_id,
  sequence_number,
  forward_thread_id,
  input_dims,
  input_types,
  input_strides,
  concrete_inputs
FROM ordered
