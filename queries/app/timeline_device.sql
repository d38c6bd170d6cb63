-- timeline_device: a trace's work items or its copies, as slices of their streams.
--
-- Why:     both are drawn, on lines of their own.
-- Grain:   one row per work item or copy
-- Inputs:  work, gpu_copy, timeline_label
-- Params:
--   of_trace BIGINT = 1         trace.trace_id
--   of_kind VARCHAR = 'stream'  'stream' (work) | 'copy'
-- Columns:
--   ref        work_id or copy_id
--   device_id  device.device_id; -1 for the host
--   stream_id  stream; -1 for an operator, or if unknown
--   start_ns   ns from the trace's base
--   end_ns     ns, later than start_ns
--   label_id   timeline_label.label_id
WITH slice AS (
  SELECT
    work_id AS ref,
    device_id,
    stream_id,
    start_ns,
    dur_ns,
    name
  FROM work
  WHERE of_kind = 'stream' AND trace_id = of_trace
  UNION ALL
  SELECT
    copy_id AS ref,
    device_id,
    stream_id,
    start_ns,
    dur_ns,
    name
  FROM gpu_copy
  WHERE of_kind = 'copy' AND trace_id = of_trace
)

SELECT
  cast(slice.ref AS INTEGER) AS ref,
  coalesce(slice.device_id, -1) AS device_id,
  coalesce(slice.stream_id, -1) AS stream_id,
  slice.start_ns,
  -- a slice without length could be neither drawn nor hit
  slice.start_ns + greatest(slice.dur_ns, 1) AS end_ns,
  label.label_id
FROM slice
INNER JOIN timeline_label AS label USING (name)
WHERE slice.start_ns IS NOT NULL
