-- runtime_call: the runtime and driver calls of a Kineto trace.
--
-- Why:     the driver's category has launches too (cuLaunchKernelEx), so both categories are read,
--          and no list of names is used.
-- Grain:   one row per call
-- Inputs:  kineto_call_order, kineto_text, trace_file
-- From:    kineto_call_order
-- Columns:
--   trace_id        trace.trace_id
--   call_id         in order of process, thread and start
--   process_id      process, as text
--   thread_id       thread, as text
--   start_ns        ns from the trace's base
--   dur_ns          ns on the host
--   name            as recorded
--   correlation_id  shared with the device work that the call launched; NULL if absent
--   external_id     links to cpu_op; NULL if absent
--   kernel_name     as ROCm writes it; NULL if absent
SELECT
  file.trace_id,
  call.call_id,
  text.pid AS process_id,
  text.tid AS thread_id,
  call.start_ns,
  call.dur_ns,
  text.name,
  call.correlation_id,
  call.external_id,
  text.kernel_name
FROM kineto_call_order AS call
INNER JOIN kineto_text AS text ON call.text_id = text.text_id
CROSS JOIN trace_file AS file
