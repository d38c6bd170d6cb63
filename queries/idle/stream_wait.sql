-- stream_wait: kernels and copies that waited for another stream, with what they waited for.
--
-- Why:     streams run side by side unless one waits for an event that another one records. Only
--          CUPTI's records of synchronisations say so.
-- Grain:   one row per first kernel or copy given to a stream after such a wait
-- Inputs:  path_given, sync_record, runtime_call
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   event_id      path_event.event_id of the event that waited
--   other_id      path_event.event_id of the last one given to the other stream before the record
--   other_end_ns  ns, its end
-- Never:   GROUP BY trace_id, event_id HAVING count(*) > 1
WITH given AS (
  FROM path_given
  -- few traces have such records
  SEMI JOIN sync_record USING (trace_id)
),

-- the last event of the other stream that was launched before the event was recorded
recorded AS (
  SELECT
    sync.trace_id,
    sync.correlation_id,
    sync.stream,
    waited.event_id AS other_id,
    waited.start_ns AS other_start_ns,
    waited.end_ns AS other_end_ns
  FROM sync_record AS sync
  INNER JOIN runtime_call AS record
    ON
      sync.trace_id = record.trace_id AND sync.record_correlation_id = record.correlation_id
  ASOF INNER JOIN given AS waited
    ON
      sync.trace_id = waited.trace_id
      AND sync.record_stream = waited.stream
      AND record.start_ns >= waited.call_start_ns
  WHERE sync.kind = 'Stream Wait Event'
)

-- the first event that the waiting stream was given after the call
SELECT
  event.trace_id,
  event.event_id,
  arg_max(recorded.other_id, recorded.other_end_ns) AS other_id,
  max(recorded.other_end_ns) AS other_end_ns
FROM recorded
INNER JOIN runtime_call AS call
  ON recorded.trace_id = call.trace_id AND recorded.correlation_id = call.correlation_id
ASOF INNER JOIN given AS event
  ON
    recorded.trace_id = event.trace_id
    AND recorded.stream = event.stream
    AND call.start_ns <= event.call_start_ns
WHERE recorded.other_start_ns < event.start_ns
GROUP BY event.trace_id, event.event_id
