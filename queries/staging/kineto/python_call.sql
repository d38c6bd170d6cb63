-- python_call: the Python frames of a Kineto trace, if they were asked for.
--
-- Why:     they are most of a trace that was recorded with stacks.
-- Grain:   one row per python_function event
-- Inputs:  kineto_event, kineto_text, kineto_header, trace_file
-- Columns:
--   trace_id          trace.trace_id
--   call_id           in order of process, thread and start
--   process_id        process, as text
--   thread_id         thread, as text
--   start_ns          ns from the trace's base
--   dur_ns            ns
--   name              'file.py(line): function' or 'nn.Module: Class_n'
--   python_id         "Python id" of the frame
--   python_parent_id  "Python parent id"; NULL at the root
--   python_module_id  "Python module id"; NULL unless the frame is a module
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
  -- a sort spills to disk, a window over all rows would not; texts would make it dear
  ORDER BY event.thread_order, event.start_ns, event.dur_ns DESC, event.python_id
),

numbered AS (
  SELECT
    *,
    row_number() OVER () AS call_id
  FROM ordered
)

SELECT
  file.trace_id,
  numbered.call_id,
  text.pid AS process_id,
  text.tid AS thread_id,
  numbered.start_ns,
  numbered.dur_ns,
  text.name,
  numbered.python_id,
  numbered.python_parent_id,
  numbered.python_module_id
FROM numbered
INNER JOIN kineto_text AS text ON numbered.text_id = text.text_id
CROSS JOIN trace_file AS file
