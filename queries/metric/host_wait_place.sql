-- host_wait_place: which calls, operators and Python lines made the host wait.
--
-- Why:     one line of a program, such as .item() in a loop, often makes most of the waits.
-- Grain:   one row per (trace_id, kind, call_name, op_name, python_frame)
-- Inputs:  trace, host_wait
-- Needs:   call
-- Key:     trace_name, kind, call_name, op_name, python_frame, call_count, wait_ns, device_idle_ns
-- Columns:
--   trace_id        trace.trace_id
--   trace_name      trace.name
--   kind            'explicit' | 'copy' | 'poll' | 'free', see waiting_call; the waits that
--                   host_wait_sum counts are of the first two
--   call_name       runtime_call.name
--   op_name         operator around the calls; NULL outside operators
--   python_frame    'file.py(line): function'; NULL if frames were not recorded or not loaded
--   call_count      calls
--   wait_ns         ns, sum of their lengths
--   longest_ns      ns
--   device_busy_ns  see host_wait
--   device_idle_ns  see host_wait
-- Never:   WHERE device_busy_ns + device_idle_ns <> wait_ns OR longest_ns > wait_ns
-- Plot:    What makes the host wait
SELECT
  trace_id,
  trace.name AS trace_name,
  host_wait.kind,
  host_wait.call_name,
  host_wait.op_name,
  host_wait.python_frame,
  count(*) AS call_count,
  cast(sum(host_wait.wait_ns) AS BIGINT) AS wait_ns,
  max(host_wait.wait_ns) AS longest_ns,
  cast(sum(host_wait.device_busy_ns) AS BIGINT) AS device_busy_ns,
  cast(sum(host_wait.device_idle_ns) AS BIGINT) AS device_idle_ns
FROM host_wait
INNER JOIN trace USING (trace_id)
GROUP BY
  trace_id,
  trace.name,
  host_wait.kind,
  host_wait.call_name,
  host_wait.op_name,
  host_wait.python_frame
ORDER BY trace_id, host_wait.kind IN ('poll', 'free'), wait_ns DESC, call_name, op_name
