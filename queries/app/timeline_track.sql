-- timeline_track: the host tracks of a trace's timeline, with a number each.
--
-- Why:     millions of slices are on few tracks, so slices carry numbers.
-- Grain:   one row per thread with operators or calls, and per track of annotation_parent
-- Inputs:  cpu_op, runtime_call, annotation_parent
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   track_id    number within the trace, from 0
--   track       process and thread, with '/' in between; of ranges, see annotation_parent
--   process_id  of a thread; NULL for ranges, like the next
--   thread_id   of a thread
WITH found AS (
  SELECT
    process_id,
    thread_id,
    NULL::VARCHAR AS track
  FROM cpu_op
  WHERE trace_id = of_trace AND process_id IS NOT NULL AND thread_id IS NOT NULL
  UNION
  SELECT
    process_id,
    thread_id,
    NULL::VARCHAR AS track
  FROM runtime_call
  WHERE trace_id = of_trace AND process_id IS NOT NULL AND thread_id IS NOT NULL
  UNION
  SELECT
    NULL::VARCHAR AS process_id,
    NULL::VARCHAR AS thread_id,
    track
  FROM annotation_parent
  WHERE trace_id = of_trace
)

SELECT
  cast(row_number() OVER (ORDER BY track, process_id, thread_id) - 1 AS USMALLINT) AS track_id,
  coalesce(track, process_id || '/' || thread_id) AS track,
  process_id,
  thread_id
FROM found
ORDER BY track_id
