-- timeline_line: the lines of a trace's timeline, from top to bottom.
--
-- Why:     a window asks only for the lines on screen, and the page writes their names once.
-- Grain:   one row per line: a lane, a stream, or one depth of a thread
-- Inputs:  timeline_work, gpu_copy, annotation_parent, cpu_op, cpu_op_parent, runtime_call
-- Params:
--   of_trace BIGINT = 1     trace.trace_id
--   deepest INTEGER = 11    depth of the last line of a thread
-- Columns:
--   trace_id   trace.trace_id
--   line       from 0
--   kind       'component' | 'step' | 'category' | 'attention' (lanes of a device) | 'stream' |
--              'copy' | 'range' | 'operator' | 'call'
--   device_id  device of a lane, stream or copy; NULL on the host
--   stream_id  stream; NULL for a lane and on the host
--   track      process and thread; for a range, with its kind; NULL on a device
--   depth      place within its track, from 0
WITH lane (lane_rank, kind) AS (
  VALUES (0, 'component'), (1, 'step'), (2, 'category'), (3, 'attention')
),

device AS (
  SELECT DISTINCT device_id
  FROM timeline_work
  WHERE trace_id = of_trace
),

found AS (
  SELECT
    lane_rank AS kind_rank,
    kind,
    device_id,
    NULL AS stream_id,
    NULL AS track,
    0 AS depth
  FROM lane CROSS JOIN device
  UNION ALL
  SELECT DISTINCT
    4 AS kind_rank,
    'stream' AS kind,
    device_id,
    stream_id,
    NULL AS track,
    0 AS depth
  FROM timeline_work
  WHERE trace_id = of_trace
  UNION ALL
  SELECT DISTINCT
    5 AS kind_rank,
    'copy' AS kind,
    device_id,
    coalesce(stream_id, -1) AS stream_id,
    NULL AS track,
    0 AS depth
  FROM gpu_copy
  WHERE trace_id = of_trace
  UNION ALL
  SELECT DISTINCT
    7 AS kind_rank,
    'range' AS kind,
    NULL AS device_id,
    NULL AS stream_id,
    track,
    depth
  FROM annotation_parent
  WHERE trace_id = of_trace AND depth <= deepest
  UNION ALL
  SELECT DISTINCT
    8 AS kind_rank,
    'operator' AS kind,
    NULL AS device_id,
    NULL AS stream_id,
    process_id || '/' || thread_id AS track,
    depth
  FROM cpu_op INNER JOIN cpu_op_parent USING (trace_id, op_id)
  WHERE trace_id = of_trace AND depth <= deepest
  UNION ALL
  SELECT DISTINCT
    9 AS kind_rank,
    'call' AS kind,
    NULL AS device_id,
    NULL AS stream_id,
    process_id || '/' || thread_id AS track,
    0 AS depth
  FROM runtime_call
  WHERE trace_id = of_trace
)

SELECT
  of_trace AS trace_id,
  cast(
    row_number() OVER (
      ORDER BY kind_rank >= 6, device_id NULLS LAST, kind_rank, stream_id, track, depth
    ) - 1 AS INTEGER
  ) AS line,
  kind,
  device_id,
  stream_id,
  track,
  cast(depth AS INTEGER) AS depth
FROM found
ORDER BY line
