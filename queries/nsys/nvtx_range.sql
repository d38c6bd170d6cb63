-- nvtx_range: every NVTX range and mark of an Nsight Systems trace, as recorded.
--
-- Why:     staging splits ranges into operators and annotations; this combines them again.
-- Grain:   one row per (trace_id, range_id)
-- Inputs:  trace, annotation, cpu_op
-- Needs:   range
-- Columns:
--   trace_id    trace.trace_id
--   range_id    twice the op_id, or twice the annotation_id plus one
--   track       process and thread; NULL if the range ended on another thread
--   start_ns    ns from the trace's base
--   dur_ns      ns; a range that was never closed lasts until the last range of the trace ends
--   style       'PushPop' | 'StartEnd' | 'Mark'
--   range_name  'domain:text', or only the text in the default domain; for an operator, without the
--               'input_op_ids' that emit_nvtx adds at its end
-- Never:   WHERE dur_ns < 0 OR style IS NULL
WITH recorded AS (
  SELECT
    cpu_op.trace_id,
    cpu_op.op_id * 2 AS range_id,
    cpu_op.process_id,
    cpu_op.thread_id,
    cpu_op.start_ns,
    cpu_op.dur_ns,
    'push_pop' AS style,
    FALSE AS unclosed,
    concat_ws(
      ', ', cpu_op.name, 'seq = ' || cpu_op.sequence_number, 'op_id = ' || cpu_op.external_id,
      'sizes = ' || cpu_op.input_dims
    ) AS range_name
  FROM cpu_op
  INNER JOIN trace USING (trace_id)
  WHERE trace.format = 'nsys'
  UNION ALL
  SELECT
    trace_id,
    annotation_id * 2 + 1 AS range_id,
    process_id,
    thread_id,
    start_ns,
    dur_ns,
    args ->> '$.nvtx.style' AS style,
    coalesce((args ->> '$.nvtx.unclosed')::BOOLEAN, FALSE) AS unclosed,
    concat_ws(':', args ->> '$.nvtx.domain', coalesce(args ->> '$.nvtx.text', name)) AS range_name
  FROM annotation
  WHERE args ->> '$.nvtx.style' IS NOT NULL
)

SELECT
  trace_id,
  range_id,
  CASE WHEN thread_id IS NOT NULL THEN concat_ws(' ', process_id, thread_id) END AS track,
  start_ns,
  CASE
    WHEN unclosed THEN max(start_ns + dur_ns) OVER (PARTITION BY trace_id) - start_ns
    ELSE dur_ns
  END AS dur_ns,
  CASE style WHEN 'push_pop' THEN 'PushPop' WHEN 'start_end' THEN 'StartEnd' ELSE 'Mark' END
    AS style,
  range_name
FROM recorded
