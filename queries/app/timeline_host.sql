-- timeline_host: the calls of a trace's host threads, or its ranges, as slices of their tracks.
--
-- Why:     the host decides when the device works, so both are drawn on one time axis.
-- Grain:   one row per call or range that has a track
-- Inputs:  timeline_track, timeline_label, runtime_call, annotation_parent, annotation
-- Params:
--   of_trace BIGINT = 1       trace.trace_id
--   of_kind VARCHAR = 'call'  'call' | 'range'
--   deepest INTEGER = 11      depth of the last line of a track
-- Columns:
--   ref       call_id or annotation_id
--   track_id  timeline_track.track_id
--   depth     ranges around it; 0 for a call
--   start_ns  ns from the trace's base
--   end_ns    ns, later than start_ns
--   label_id  timeline_label.label_id
WITH slice AS (
  SELECT
    call.call_id AS ref,
    track.track_id,
    0 AS depth,
    call.start_ns,
    call.start_ns + call.dur_ns AS end_ns,
    call.name
  FROM runtime_call AS call
  INNER JOIN timeline_track AS track USING (process_id, thread_id)
  WHERE of_kind = 'call' AND call.trace_id = of_trace
  UNION ALL
  SELECT
    annotation_id AS ref,
    track.track_id,
    parent.depth,
    parent.start_ns,
    parent.end_ns,
    annotation.name
  FROM annotation_parent AS parent
  INNER JOIN annotation USING (trace_id, annotation_id)
  INNER JOIN timeline_track AS track ON parent.track = track.track AND track.process_id IS NULL
  WHERE of_kind = 'range' AND trace_id = of_trace AND parent.depth <= deepest
)

SELECT
  cast(slice.ref AS INTEGER) AS ref,
  slice.track_id,
  cast(slice.depth AS TINYINT) AS depth,
  slice.start_ns,
  greatest(slice.end_ns, slice.start_ns + 1) AS end_ns,
  label.label_id
FROM slice
INNER JOIN timeline_label AS label USING (name)
