-- kineto_host_range: operators and labelled ranges of the host, distinguished by name.
--
-- Why:     labels of a capture may be recorded as operators or as annotations.
-- Grain:   one row per event of category cpu_op or user_annotation
-- Inputs:  kineto_event
-- Columns:
--   text_id            kineto_text.text_id
--   kind               'component' | 'step' | 'module' | 'attention' | 'profiler_step' | 'user' |
--                      'op'
--   is_op              true for operators; in 2021 a profiler step was one too
--   name               without the prefix for a label; the whole name for another range
--   args               JSON; for a label, its fields; for a collective, 'input_dims' and
--                      'input_types'; NULL if there are none
--   is_odd_label       see kineto_text
--   pid                process, as text
--   tid                thread, as text
--   thread_order       see kineto_text
--   signature_id       see kineto_text
--   start_ns           ns
--   dur_ns             ns
--   external_id        as recorded
--   sequence_number    as recorded
--   forward_thread_id  as recorded
SELECT
  text_id,
  range_kind AS kind,
  role = 'op' AND range_kind IN ('op', 'profiler_step') AS is_op,
  coalesce(label_name, name) AS name,
  -- the range of a collective holds the sizes of its messages
  coalesce(label_args, if(
    starts_with(name, 'nccl:') AND json_valid(input_dims) AND json_valid(input_types),
    json_object('input_dims', cast(input_dims AS JSON), 'input_types', cast(input_types AS JSON)),
    NULL
  )) AS args,
  coalesce(is_odd_label, FALSE) AS is_odd_label,
  pid,
  tid,
  thread_order,
  signature_id,
  start_ns,
  dur_ns,
  external_id,
  sequence_number,
  forward_thread_id
FROM kineto_event
WHERE role IN ('op', 'annotation') AND ph = 'X' AND start_ns IS NOT NULL
