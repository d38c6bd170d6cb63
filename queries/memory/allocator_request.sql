-- allocator_request: when the allocator asked the device for memory, and whether it gave some back.
--
-- Why:     a cached block costs nothing; a request to the device takes long, and may wait for it.
--          An allocator that gets no memory gives back what it has cached and asks again, as the
--          calls show.
-- Grain:   one row per allocation for which the device was asked, by calls on its thread since the
--          allocator's event before it; host memory is left out
-- Inputs:  memory_timeline, runtime_call, call_kind, cpu_op
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   device_id    device.device_id
--   track        process and thread
--   start_ns     ns, start of the first call that allocated or released memory of the device
--   end_ns       ns, end of the last one
--   op_name      operator that allocated; NULL outside operators
--   is_retry     true if a call to allocate was followed by one to release and another to allocate
--   needed_ns    ns of the last call to allocate, which succeeded
--   grown_bytes  bytes by which the allocator then held more than ever before; 0 if it did not;
--                NULL of the first event, and if the events have no totals
-- Never:   WHERE end_ns < start_ns OR needed_ns > end_ns - start_ns OR grown_bytes < 0
WITH call AS (
  SELECT
    runtime_call.trace_id,
    concat_ws(' ', runtime_call.process_id, runtime_call.thread_id) AS track,
    runtime_call.start_ns,
    runtime_call.start_ns + runtime_call.dur_ns AS end_ns,
    call_kind.kind
  FROM runtime_call
  INNER JOIN call_kind USING (trace_id, name)
  WHERE call_kind.kind IN ('allocate', 'free') AND NOT contains(runtime_call.name, 'Host')
),

event AS (
  SELECT
    *,
    row_number() OVER in_order AS event_number,
    max(reserved_bytes) OVER (
      in_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS most_bytes
  FROM memory_timeline
  WHERE device_id >= 0
  WINDOW in_order AS (PARTITION BY trace_id, device_id ORDER BY ts_ns)
),

asked AS (
  SELECT
    event.trace_id,
    event.device_id,
    event.track,
    event.op_id,
    event.event_number,
    event.reserved_bytes,
    event.most_bytes,
    min(call.start_ns) AS start_ns,
    max(call.end_ns) AS end_ns,
    min(call.start_ns) FILTER (WHERE call.kind = 'allocate') AS first_ns,
    max(call.start_ns) FILTER (WHERE call.kind = 'allocate') AS last_ns,
    min(call.start_ns) FILTER (WHERE call.kind = 'free') AS free_ns,
    arg_max(call.end_ns - call.start_ns, call.start_ns) FILTER (WHERE call.kind = 'allocate')
      AS needed_ns
  FROM call
  ASOF INNER JOIN event
    ON
      call.trace_id = event.trace_id
      AND call.track = event.track
      AND call.end_ns <= event.ts_ns
  WHERE event.size_bytes > 0
  GROUP BY ALL
  HAVING needed_ns IS NOT NULL
)

SELECT
  asked.trace_id,
  asked.device_id,
  asked.track,
  asked.start_ns,
  asked.end_ns,
  cpu_op.name AS op_name,
  coalesce(asked.first_ns < asked.free_ns AND asked.free_ns < asked.last_ns, FALSE) AS is_retry,
  asked.needed_ns,
  if(asked.reserved_bytes < asked.most_bytes, 0, asked.reserved_bytes - asked.most_bytes)
    AS grown_bytes
FROM asked
LEFT JOIN cpu_op USING (trace_id, op_id)
