-- trace_event: events of a Kineto trace that no other table keeps, as recorded.
--
-- Why:     someone may need an unknown category, so its events are kept, and on request all
--          arguments.
-- Grain:   one row per event of a category without a table; per event read with `--args`
-- Inputs:  kineto_event, kineto_text, kineto_header, trace_file
-- Columns:
--   trace_id    trace.trace_id
--   phase       as recorded
--   category    as recorded
--   name        as recorded
--   process_id  as recorded
--   thread_id   as recorded
--   start_ns    ns
--   dur_ns      ns
--   args        JSON
WITH wanted AS (
  -- look at the few sets of texts first, so that most events are not read
  SELECT text.text_id
  FROM kineto_text AS text
  CROSS JOIN kineto_header AS header
  WHERE
    header.arguments_wanted
    OR text.role IS NULL
    OR text.role IN ('host_other', 'device_other', 'span', 'flow')
)

SELECT
  file.trace_id,
  event.ph AS phase,
  event.cat AS category,
  event.name,
  event.pid AS process_id,
  event.tid AS thread_id,
  event.start_ns,
  event.recorded_dur_ns AS dur_ns,
  event.arguments::JSON AS args
FROM kineto_event AS event
SEMI JOIN wanted ON event.text_id = wanted.text_id
CROSS JOIN trace_file AS file
