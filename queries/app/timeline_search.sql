-- timeline_search: the slices of streams, copies and host threads whose name contains a text.
--
-- Why:     one looks for a kernel by a part of its name, and steps through the hits in time.
-- Grain:   one row per slice
-- Inputs:  timeline_slice, timeline_label, timeline_line
-- Params:
--   of_trace BIGINT = 1    trace.trace_id
--   wanted VARCHAR = ''    text, without regard to case
-- Columns:
--   line      timeline_line.line
--   start_ns  ns from the trace's base
--   end_ns    ns
--   label_id  timeline_label.label_id
--   ref       see timeline_slice
SELECT
  slice.line,
  slice.start_ns,
  slice.end_ns,
  slice.label_id,
  slice.ref
FROM timeline_slice AS slice
INNER JOIN timeline_label AS label USING (trace_id, label_id)
INNER JOIN timeline_line AS line USING (trace_id, line)
WHERE
  slice.trace_id = of_trace
  AND contains(lower(label.name), lower(wanted))
  AND line.kind NOT IN ('component', 'step', 'category', 'attention')
ORDER BY slice.start_ns, slice.line
