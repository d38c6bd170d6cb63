-- timeline_operator: the operators of a trace that have a track, as slices.
--
-- Why:     the host decides when the device works, so both are drawn on one time axis. They are
--          most of a trace's events, so no column is wider than need be.
-- Grain:   one row per operator that has a track
-- Inputs:  timeline_track, timeline_label, cpu_op
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   ref       op_id
--   track_id  timeline_track.track_id
--   start_ns  ns from the trace's base
--   label_id  timeline_label.label_id
SELECT
  cast(cpu_op.op_id AS INTEGER) AS ref,
  track.track_id,
  cpu_op.start_ns,
  label.label_id
FROM cpu_op
INNER JOIN timeline_track AS track USING (process_id, thread_id)
INNER JOIN timeline_label AS label USING (name)
WHERE cpu_op.trace_id = of_trace
