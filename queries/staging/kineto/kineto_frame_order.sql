-- kineto_frame_order: Python frames of a Kineto trace in order, without texts.
--
-- Why:     numbering is serial, so it uses narrow rows; the text join that follows is parallel. It
--          sorts, because a sort spills to disk and a window over all rows does not.
-- Grain:   one row per frame, if frames were requested
-- Inputs:  kineto_event, kineto_header
-- From:    kineto_header WHERE python_wanted
-- Columns:
--   text_id           kineto_text.text_id
--   start_ns          ns from the trace's base
--   dur_ns            ns
--   python_id         as recorded
--   python_parent_id  as recorded
--   python_module_id  as recorded
--   call_id           in order of process, thread and start
WITH ordered AS (
  SELECT
    event.text_id,
    event.start_ns,
    event.dur_ns,
    event.python_id,
    event.python_parent_id,
    event.python_module_id
  FROM kineto_event AS event
  CROSS JOIN kineto_header AS header
  WHERE header.python_wanted AND event.role = 'python' AND event.start_ns IS NOT NULL
  ORDER BY event.thread_order, event.start_ns, event.dur_ns DESC, event.python_id
)

SELECT
  *,
  row_number() OVER () AS call_id
FROM ordered
