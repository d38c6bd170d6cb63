-- python_call: one Python frame of a trace that was recorded with stacks.
--
-- Why:     most of a large trace is Python frames, so they are loaded only on request (--python).
-- Grain:   one row per python_function event
-- Inputs:  none
-- Columns:
--   trace_id          trace.trace_id
--   call_id           number within the trace
--   process_id        process, as text
--   thread_id         thread, as text
--   start_ns          ns from the trace's base
--   dur_ns            ns
--   name              'file.py(line): function' or 'nn.Module: Class_n'
--   python_id         "Python id" of the frame
--   python_parent_id  "Python parent id"; NULL at the root
--   python_module_id  "Python module id"; NULL unless the frame is a module
CREATE TABLE python_call (
  trace_id INTEGER NOT NULL,
  call_id BIGINT NOT NULL,
  process_id VARCHAR,
  thread_id VARCHAR,
  start_ns BIGINT NOT NULL,
  dur_ns BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  python_id BIGINT,
  python_parent_id BIGINT,
  python_module_id BIGINT
);
