-- annotation: the labelled ranges of a Kineto trace, with the fields of a capture's labels.
--
-- Why:     components, steps, modules and attention calls are read from these. nn.Module frames are
--          loaded even if other Python frames are not.
-- Grain:   one row per range
-- Inputs:  kineto_host_range, kineto_event, trace_file
-- From:    kineto_text WHERE kind <> 'op' OR role = 'device_annotation'
--          OR name LIKE 'nn.Module: %'
-- Columns:
--   trace_id       trace.trace_id
--   annotation_id  in order of start
--   process_id     process, as text; for a range on a device, the device's number
--   thread_id      thread, as text; for a range on a device, the stream's number
--   start_ns       ns from the trace's base
--   dur_ns         ns
--   name           without the label's prefix; for an attention label, its site
--   kind           see annotation in the schema
--   args           JSON; for a capture's label, its fields; NULL if there are none
WITH ranges AS (
  SELECT kind, pid, tid, start_ns, dur_ns, name, args FROM kineto_host_range
  WHERE kind <> 'op'
  UNION ALL
  SELECT
    'gpu_user' AS kind, pid, tid, start_ns, dur_ns, name, NULL AS args
  FROM kineto_event
  WHERE role = 'device_annotation' AND ph = 'X' AND start_ns IS NOT NULL
  UNION ALL
  SELECT
    'python_module' AS kind,
    pid,
    tid,
    start_ns,
    dur_ns,
    substr(name, 12) AS name,
    json_object(
      'python_id', python_id,
      'python_parent_id', python_parent_id,
      'python_module_id', python_module_id
    ) AS args
  FROM kineto_event
  WHERE role = 'python' AND starts_with(name, 'nn.Module: ') AND start_ns IS NOT NULL
),

ordered AS (
  SELECT
    file.trace_id,
    ranges.pid AS process_id,
    ranges.tid AS thread_id,
    ranges.start_ns,
    ranges.dur_ns,
    ranges.name,
    ranges.kind,
    ranges.args
  FROM ranges
  CROSS JOIN trace_file AS file
  -- sort, because a sort spills to disk and a window over all rows does not
  ORDER BY
    ranges.start_ns, ranges.dur_ns DESC, ranges.kind, ranges.name, ranges.tid, ranges.pid
)

SELECT
  trace_id,
  row_number() OVER () AS annotation_id,
  process_id,
  thread_id,
  start_ns,
  dur_ns,
  name,
  kind,
  args
FROM ordered
