-- timeline_device: the slices of a trace's lanes, streams and copies.
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
--   colour    see timeline_work; 10 for a copy, 11 for a value of a lane
--   label_id  timeline_label.label_id
--   ref       work_id or copy_id; for a lane, the first work_id
WITH line AS (
  SELECT
    line,
    kind,
    device_id,
    stream_id
  FROM timeline_line
  WHERE trace_id = of_trace
),

lane (kind) AS (
  VALUES ('component'), ('step'), ('category'), ('attention')
),

valued AS (
  SELECT
    lane.kind,
    device_id,
    work_id,
    start_ns,
    end_ns,
    colour,
    CASE lane.kind
      WHEN 'component' THEN component_id
      WHEN 'step' THEN step_id
      WHEN 'category' THEN category_id
      ELSE kind_id
    END AS label_id
  FROM timeline_work
  CROSS JOIN lane
  WHERE trace_id = of_trace
),

begun AS (
  SELECT
    *,
    coalesce(label_id, -1) <> coalesce(
      lag(label_id) OVER (PARTITION BY kind, device_id ORDER BY start_ns, work_id), -1
    ) AS is_new
  FROM valued
),

numbered AS (
  SELECT
    *,
    sum(cast(is_new AS INTEGER)) OVER (
      PARTITION BY kind, device_id ORDER BY start_ns, work_id
    ) AS island
  FROM begun
),

slice AS (
  SELECT
    line.line,
    min(start_ns) AS start_ns,
    max(end_ns) AS end_ns,
    if(kind = 'category', any_value(colour), 11) AS colour,
    any_value(label_id) AS label_id,
    min(work_id) AS ref
  FROM numbered INNER JOIN line USING (kind, device_id)
  WHERE label_id IS NOT NULL
  GROUP BY line.line, kind, island
  UNION ALL
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
ORDER BY line, start_ns
