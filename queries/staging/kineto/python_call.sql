-- python_call: the Python frames of a Kineto trace, if they were requested.
--
-- Why:     they are most of a trace that was recorded with stacks.
-- Grain:   one row per python_function event
-- Inputs:  kineto_frame_order, kineto_text, trace_file
-- From:    kineto_frame_order
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
SELECT
  file.trace_id,
  frame.call_id,
  text.pid AS process_id,
  text.tid AS thread_id,
  frame.start_ns,
  frame.dur_ns,
  text.name,
  frame.python_id,
  frame.python_parent_id,
  frame.python_module_id
FROM kineto_frame_order AS frame
INNER JOIN kineto_text AS text ON frame.text_id = text.text_id
CROSS JOIN trace_file AS file
