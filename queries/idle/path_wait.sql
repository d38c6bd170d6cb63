-- path_wait: calls in which the host waited, with the kernel or copy whose end let it go on.
--
-- Why:     only such a wait makes the host's next step depend on the device.
-- Grain:   one row per explicit wait or synchronous copy of some length with such an event
-- Inputs:  waiting_call, runtime_call, sync_record, path_refusal, path_event
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   call_id       runtime_call.call_id
--   end_ns        ns, end of the call
--   event_id      path_event.event_id: of a copy its own; else the last to end of those launched
--                 before, on the stream that the call waited for, if that is known
--   event_end_ns  ns at which the event was done, not after end_ns
-- Never:   WHERE event_end_ns > end_ns
WITH wait AS (
  SELECT
    waiting.trace_id,
    waiting.call_id,
    waiting.kind,
    waiting.start_ns,
    waiting.end_ns,
    sync.stream
  FROM waiting_call AS waiting
  SEMI JOIN (
    SELECT trace_id FROM path_refusal
    WHERE refusal IS NULL
  ) AS answered USING (trace_id)
  INNER JOIN runtime_call AS call USING (trace_id, call_id)
  LEFT JOIN sync_record AS sync
    ON
      waiting.trace_id = sync.trace_id
      AND call.correlation_id = sync.correlation_id
      AND sync.kind <> 'Stream Wait Event'
  WHERE
    waiting.kind IN ('explicit', 'copy') AND NOT waiting.is_nested
    -- a call of no length waited for nothing, and a path that goes back must get on
    AND waiting.end_ns > waiting.start_ns
),

-- those whose call is unknown can't be held against a wait
called AS (
  FROM path_event
  WHERE call_id IS NOT NULL
),

-- of the events of one call on a stream, the last to end
given AS (
  SELECT
    trace_id,
    stream,
    call_start_ns,
    arg_max(event_id, end_ns) AS event_id,
    max(end_ns) AS end_ns
  FROM called
  GROUP BY trace_id, stream, call_start_ns
),

asked AS (
  SELECT wait.trace_id, wait.call_id, wait.start_ns, wait.end_ns, every.stream
  FROM wait
  INNER JOIN (SELECT DISTINCT trace_id, stream FROM called) AS every
    ON wait.trace_id = every.trace_id AND coalesce(wait.stream, every.stream) = every.stream
  WHERE wait.kind = 'explicit'
),

-- on each stream, the last to end before the wait's end and the last given before its start: a
-- stream is in order, so the earlier of the two is what the wait can have been for
reached AS (
  SELECT asked.*, event.event_id, event.call_start_ns, event.end_ns AS event_end_ns
  FROM asked
  ASOF INNER JOIN called AS event
    ON
      asked.trace_id = event.trace_id
      AND asked.stream = event.stream
      AND asked.end_ns >= event.end_ns
  UNION ALL
  SELECT asked.*, event.event_id, event.call_start_ns, event.end_ns AS event_end_ns
  FROM asked
  ASOF INNER JOIN given AS event
    ON
      asked.trace_id = event.trace_id
      AND asked.stream = event.stream
      AND asked.start_ns > event.call_start_ns
),

found AS (
  SELECT wait.trace_id, wait.call_id, wait.end_ns, event.event_id, event.end_ns AS event_end_ns
  FROM wait
  INNER JOIN path_event AS event USING (trace_id, call_id)
  -- by a device's clock a copy can start after its call's end
  WHERE wait.kind = 'copy' AND (event.start_ns < wait.end_ns OR event.waited_for = 'host')
  UNION ALL
  SELECT trace_id, call_id, end_ns, event_id, event_end_ns FROM reached
  WHERE call_start_ns < start_ns AND event_end_ns > start_ns AND event_end_ns <= end_ns
)

SELECT
  trace_id,
  call_id,
  any_value(end_ns) AS end_ns,
  arg_max(event_id, event_end_ns) AS event_id,
  least(max(event_end_ns), any_value(end_ns)) AS event_end_ns
FROM found
GROUP BY trace_id, call_id
