-- annotation_parent: which range of a kind is inside which, on one thread.
--
-- Why:     module frames nest, and the name of an enclosing module often says what a module is for.
-- Grain:   one row per (trace_id, annotation_id) of annotation, except ranges on device timelines
-- Inputs:  known_annotation, framework_name, nesting
-- From:    known_annotation
-- Columns:
--   trace_id              trace.trace_id
--   annotation_id         annotation.annotation_id
--   track                 kind, process and thread, within which ranges nest; 'framework' instead
--                         of the kind for ranges of framework_name
--   start_ns              ns
--   end_ns                ns, its end, or where the stack closes it if ranges overlap partly
--   depth                 number of ranges of its kind around it
--   parent_annotation_id  innermost range of its kind around it; NULL if there is none
--   root_annotation_id    outermost range of its kind around it; itself if there is none
WITH slice AS (
  SELECT
    annotation.trace_id,
    concat_ws(
      ' ', if(framework_name.name IS NULL, annotation.kind, 'framework'),
      annotation.process_id, annotation.thread_id
    ) AS track,
    annotation.annotation_id AS slice_id,
    annotation.start_ns,
    annotation.dur_ns,
    annotation.annotation_id AS tie
  FROM known_annotation AS annotation
  LEFT JOIN framework_name
    ON
      annotation.trace_id = framework_name.trace_id
      AND if(annotation.kind = 'user', annotation.name, NULL) = framework_name.name
  WHERE annotation.kind <> 'gpu_user'
)

SELECT
  trace_id,
  slice_id AS annotation_id,
  track,
  start_ns,
  end_ns,
  depth,
  parent_id AS parent_annotation_id,
  root_id AS root_annotation_id
FROM nesting('slice')
