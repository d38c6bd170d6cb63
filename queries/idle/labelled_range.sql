-- labelled_range: the ranges of a program that add up: components, steps, phases and the user's.
--
-- Why:     the hundred ranges of one name, and all steps, are one thing to a reader.
-- Grain:   one row per such range of known_annotation that lasts
-- Inputs:  known_annotation
-- Kept:    view
-- Columns:
--   trace_id    trace.trace_id
--   process_id  see annotation
--   kind        'component' | 'step' | 'phase' | 'user' (any other range of a script)
--   name        the range's, up to a '#' inside it; 'step' for all steps
--   start_ns    ns from the trace's base
--   end_ns      ns
-- Never:   WHERE end_ns <= start_ns
SELECT
  trace_id,
  process_id,
  CASE
    WHEN known_annotation.kind IN ('step', 'profiler_step') THEN 'step'
    WHEN starts_with(known_annotation.name, 'phase:') THEN 'phase'
    ELSE known_annotation.kind
  END AS kind,
  CASE
    WHEN known_annotation.kind IN ('step', 'profiler_step') THEN 'step'
    WHEN starts_with(known_annotation.name, 'phase:') THEN substr(known_annotation.name, 7)
    ELSE
      coalesce(nullif(split_part(known_annotation.name, '#', 1), ''), known_annotation.name)
  END AS name,
  known_annotation.start_ns,
  known_annotation.start_ns + known_annotation.dur_ns AS end_ns
FROM known_annotation
WHERE
  known_annotation.kind IN ('component', 'step', 'profiler_step', 'user')
  AND known_annotation.dur_ns > 0
