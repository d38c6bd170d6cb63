-- sync_record: what CUPTI says about each synchronisation: which stream waited for which event.
--
-- Why:     a call's name does not say which stream it waited for, nor what a stream waits for.
-- Grain:   one row per event 'cuda_sync' of a trace of PyTorch's profiler
-- Inputs:  trace_event
-- From:    trace_event WHERE category = 'cuda_sync'
-- Kept:    view
-- Columns:
--   trace_id               trace.trace_id
--   kind                   'Stream Sync' | 'Event Sync' | 'Context Sync' | 'Stream Wait Event'
--   correlation_id         that of the call
--   stream                 device and stream that was waited for, or of a 'Stream Wait Event' the
--                          one that waits; NULL if it is all of them
--   record_correlation_id  that of the call that recorded the event; NULL if unknown
--   record_stream          device and stream on which it was recorded; NULL if unknown
-- Never:   WHERE record_correlation_id < 0
WITH parsed AS (
  -- TRY, because a file can contain any text
  SELECT
    trace_id,
    name AS kind,
    try_cast(json_extract_string(args, '$.correlation') AS BIGINT) AS correlation_id,
    coalesce(try_cast(json_extract_string(args, '$.device') AS INTEGER), 0) AS device_id,
    try_cast(json_extract_string(args, '$.stream') AS BIGINT) AS stream_id,
    try_cast(json_extract_string(args, '$.wait_on_stream') AS BIGINT) AS record_stream_id,
    try_cast(json_extract_string(args, '$.wait_on_cuda_event_record_corr_id') AS BIGINT) AS record
  FROM trace_event
  WHERE category = 'cuda_sync' AND args IS NOT NULL
),

named AS (
  -- -1, or as an unsigned number of 32 bits, for all
  SELECT
    *,
    if(stream_id BETWEEN 0 AND 4294967294, concat(device_id, ' ', stream_id), NULL) AS stream,
    if(record_stream_id BETWEEN 0 AND 4294967294, concat(device_id, ' ', record_stream_id), NULL)
      AS record_stream
  FROM parsed
)

SELECT
  trace_id,
  kind,
  correlation_id,
  if(kind = 'Event Sync', record_stream, stream) AS stream,
  if(record >= 0, record, NULL) AS record_correlation_id,
  record_stream
FROM named
WHERE correlation_id > 0
