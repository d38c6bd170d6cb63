-- runtime_call_text: the texts of the runtime and driver calls of a Kineto trace.
--
-- Why:     the reader has numbered them already.
-- Grain:   one row per set of texts of calls; a set may occur a few times
-- Inputs:  kineto_text, trace_file
-- From:    kineto_text WHERE role = 'runtime'
-- Columns:
--   trace_id     trace.trace_id
--   text_id      number of the set, with the number of the trace in its upper half
--   process_id   process, as text
--   thread_id    thread, as text
--   name         as recorded
--   kernel_name  as ROCm writes it; NULL if absent
SELECT
  file.trace_id,
  (file.trace_id::BIGINT << 32) + text.text_id AS text_id,
  text.pid AS process_id,
  text.tid AS thread_id,
  text.name,
  text.kernel_name
FROM kineto_text AS text
CROSS JOIN trace_file AS file
WHERE text.role = 'runtime' AND text.ph = 'X'
