-- host_wait: calls in which the host waited, with the operator and Python line that made each.
--
-- Why:     while the host waits it launches nothing, and if the device is idle too, the wait is
--          pure loss. The line says what to change.
-- Grain:   one row per waiting_call that is not nested
-- Inputs:  trace, waiting_call, runtime_call, busy_stretch, wait_place, cpu_op, python_call
-- From:    waiting_call
-- Columns:
--   trace_id        trace.trace_id
--   call_id         runtime_call.call_id
--   kind            see waiting_call
--   call_name       runtime_call.name
--   process_id      process
--   thread_id       thread
--   start_ns        ns from the trace's base
--   wait_ns         ns, length of the call
--   device_busy_ns  ns of it in which a device of the process was busy; any device in a trace of
--                   PyTorch's profiler
--   device_idle_ns  ns, the rest: overhead, or work that was not recorded
--   op_id           see wait_place
--   op_name         cpu_op.name
--   python_call_id  see wait_place
--   python_frame    python_call.name, 'file.py(line): function'
-- Never:   WHERE device_busy_ns < 0 OR device_idle_ns < 0 OR device_busy_ns + device_idle_ns
--          <> wait_ns
WITH wait AS (
  SELECT
    waiting.*,
    call.process_id,
    call.thread_id,
    if(trace.format = 'nsys', coalesce(call.process_id, 'all'), 'all') AS owner
  FROM waiting_call AS waiting
  INNER JOIN runtime_call AS call USING (trace_id, call_id)
  INNER JOIN trace USING (trace_id)
  WHERE NOT waiting.is_nested
),

edge AS (
  SELECT trace_id, call_id, owner, start_ns AS at_ns, -1 AS sign FROM wait
  UNION ALL
  SELECT trace_id, call_id, owner, end_ns AS at_ns, 1 AS sign FROM wait
),

-- the busy time up to the end, less that up to the start
met AS (
  SELECT
    edge.trace_id,
    edge.call_id,
    cast(sum(
      edge.sign * (busy.before_ns + least(edge.at_ns, busy.end_ns) - busy.start_ns)
    ) AS BIGINT) AS busy_ns
  FROM edge
  ASOF INNER JOIN busy_stretch AS busy
    ON
      edge.trace_id = busy.trace_id
      AND edge.owner = busy.owner
      AND edge.at_ns >= busy.start_ns
  GROUP BY edge.trace_id, edge.call_id
),

-- only the names that are needed, because texts are slow to carry
named_op AS (
  SELECT trace_id, op_id, name FROM cpu_op
  SEMI JOIN wait_place USING (trace_id, op_id)
),

named_frame AS (
  SELECT python_call.trace_id, python_call.call_id AS python_call_id, python_call.name
  FROM python_call
  SEMI JOIN wait_place
    ON
      python_call.trace_id = wait_place.trace_id
      AND python_call.call_id = wait_place.python_call_id
)

SELECT
  trace_id,
  call_id,
  wait.kind,
  wait.name AS call_name,
  wait.process_id,
  wait.thread_id,
  wait.start_ns,
  wait.end_ns - wait.start_ns AS wait_ns,
  coalesce(met.busy_ns, 0) AS device_busy_ns,
  wait_ns - device_busy_ns AS device_idle_ns,
  op_id,
  named_op.name AS op_name,
  python_call_id,
  named_frame.name AS python_frame
FROM wait
LEFT JOIN met USING (trace_id, call_id)
LEFT JOIN wait_place USING (trace_id, call_id)
LEFT JOIN named_op USING (trace_id, op_id)
LEFT JOIN named_frame USING (trace_id, python_call_id)
