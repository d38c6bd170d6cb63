-- cpu_op_text: the texts of the operators of a Kineto trace.
--
-- Why:     the reader has numbered them already.
-- Grain:   one row per set of texts of operators; a set may occur a few times
-- Inputs:  kineto_text, trace_file
-- From:    kineto_text WHERE role = 'op'
-- Columns:
--   trace_id         trace.trace_id
--   text_id          number of the set, with the number of the trace in its upper half
--   process_id       process, as text
--   thread_id        thread, as text
--   name             as recorded
--   input_dims       JSON text; NULL if shapes were not recorded
--   input_types      JSON text
--   input_strides    JSON text
--   concrete_inputs  JSON text
--   signature_id     see kineto_text
SELECT
  file.trace_id,
  (file.trace_id::BIGINT << 32) + text.text_id AS text_id,
  text.pid AS process_id,
  text.tid AS thread_id,
  text.name,
  text.input_dims,
  text.input_types,
  text.input_strides,
  text.concrete_inputs,
  text.signature_id
FROM kineto_text AS text
CROSS JOIN trace_file AS file
WHERE text.role = 'op' AND text.kind IN ('op', 'profiler_step')
