-- timeline_device: the slices of a trace's streams and copies.
--
-- Why:     a lane shows what only genscope knows, such as the step, as one slice as long as the
--          value stays the same from one work item to the next.
-- Grain:   one row per work item, copy, or run of equal values of a lane
-- Inputs:  timeline_work, timeline_line, timeline_label, gpu_copy
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   trace_id  trace.trace_id
--   line      timeline_line.line
--   start_ns  ns from the trace's base
--   end_ns    ns, later than start_ns
--   colour    see timeline_work; 10 for a copy
--   label_id  timeline_label.label_id
--   ref       work_id or copy_id
WITH line AS (
  SELECT
    line,
    kind,
    device_id,
    stream_id
  FROM timeline_line
  WHERE trace_id = of_trace
),

slice AS (
  SELECT
    line.line,
    start_ns,
    end_ns,
    colour,
    label_id,
    work_id AS ref
  FROM timeline_work INNER JOIN line USING (device_id, stream_id)
  WHERE trace_id = of_trace AND line.kind = 'stream'
  UNION ALL
  SELECT
    line.line,
    start_ns,
    start_ns + greatest(dur_ns, 1) AS end_ns,
    10 AS colour,
    label_id,
    copy_id AS ref
  FROM gpu_copy
  INNER JOIN timeline_label USING (trace_id, name)
  INNER JOIN line
    ON gpu_copy.device_id = line.device_id AND coalesce(gpu_copy.stream_id, -1) = line.stream_id
  WHERE trace_id = of_trace AND line.kind = 'copy' AND start_ns IS NOT NULL
)

SELECT
  of_trace AS trace_id,
  cast(line AS INTEGER) AS line,
  start_ns,
  end_ns,
  cast(colour AS UTINYINT) AS colour,
  label_id,
  ref
FROM slice
