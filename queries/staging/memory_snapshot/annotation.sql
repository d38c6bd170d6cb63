-- annotation: the ranges of record_function in a memory snapshot (global_record_annotations).
--
-- Why:     they name components and steps as in a trace of the profiler.
-- Grain:   one row per range; one that was open at the start or at the end reaches until there
-- Inputs:  trace_file, memory_snapshot_range, memory_snapshot_entry, annotation_label
-- Columns:
--   trace_id       from trace_file
--   annotation_id  in order of start
--   process_id     the device
--   start_ns       ns from the first entry of the history
--   dur_ns         ns
--   name           without the label's prefix
--   kind           as in the schema
--   args           a label's fields
WITH span AS (
  SELECT min(time_us) AS first_us, max(time_us) AS last_us
  FROM memory_snapshot_entry
),

described AS (
  SELECT
    row_number() OVER () AS label_id,
    name AS text,
    device_id,
    (coalesce(start_us, least(end_us, span.first_us)) - span.first_us) * 1000 AS start_ns,
    (coalesce(end_us, greatest(start_us, span.last_us + 1)) - span.first_us) * 1000 AS end_ns
  FROM memory_snapshot_range
  CROSS JOIN span
  WHERE span.first_us IS NOT NULL
),

label AS (
  FROM annotation_label('described')
)

SELECT
  trace_file.trace_id,
  row_number() OVER (
    ORDER BY described.start_ns, described.end_ns DESC, described.label_id
  ) - 1 AS annotation_id,
  cast(described.device_id AS VARCHAR) AS process_id,
  described.start_ns,
  greatest(described.end_ns - described.start_ns, 0) AS dur_ns,
  coalesce(label.name, described.text) AS name,
  coalesce(
    label.kind, if(starts_with(described.text, 'ProfilerStep#'), 'profiler_step', 'user')
  ) AS kind,
  label.args
FROM described
LEFT JOIN label USING (label_id)
CROSS JOIN trace_file
