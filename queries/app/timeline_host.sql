-- timeline_host: the slices of a trace's host threads: ranges, operators and calls.
--
-- Why:     the host decides when the device works, so both stand on one time axis.
-- Grain:   one row per range, operator or call that has a line
-- Inputs:  timeline_line, timeline_label, annotation_parent, annotation, cpu_op, cpu_op_parent,
--          runtime_call
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   trace_id  trace.trace_id
--   line      timeline_line.line
--   start_ns  ns from the trace's base
--   end_ns    ns, later than start_ns
--   colour    12 for an operator, 13 for a call, 14 for a range
--   label_id  timeline_label.label_id
--   ref       op_id, call_id or annotation_id
WITH line AS (
  SELECT
    line,
    kind,
    track,
    depth
  FROM timeline_line
  WHERE trace_id = of_trace AND track IS NOT NULL
),

slice AS (
  SELECT
    line.line,
    annotation_parent.start_ns,
    annotation_parent.end_ns,
    14 AS colour,
    annotation.name,
    annotation_id AS ref
  FROM annotation_parent
  INNER JOIN annotation USING (trace_id, annotation_id)
  INNER JOIN line USING (track, depth)
  WHERE trace_id = of_trace AND line.kind = 'range'
  UNION ALL
  SELECT
    line.line,
    cpu_op.start_ns,
    cpu_op_parent.end_ns,
    12 AS colour,
    cpu_op.name,
    op_id AS ref
  FROM cpu_op
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  INNER JOIN line
    ON
      cpu_op.process_id || '/' || cpu_op.thread_id = line.track
      AND cpu_op_parent.depth = line.depth
  WHERE trace_id = of_trace AND line.kind = 'operator'
  UNION ALL
  SELECT
    line.line,
    start_ns,
    start_ns + dur_ns AS end_ns,
    13 AS colour,
    name,
    call_id AS ref
  FROM runtime_call
  INNER JOIN line ON process_id || '/' || thread_id = line.track
  WHERE trace_id = of_trace AND line.kind = 'call'
)

SELECT
  of_trace AS trace_id,
  cast(slice.line AS INTEGER) AS line,
  slice.start_ns,
  greatest(slice.end_ns, slice.start_ns + 1) AS end_ns,
  cast(slice.colour AS UTINYINT) AS colour,
  timeline_label.label_id,
  slice.ref
FROM slice
INNER JOIN timeline_label ON slice.name = timeline_label.name AND timeline_label.trace_id = of_trace
WHERE slice.start_ns IS NOT NULL
