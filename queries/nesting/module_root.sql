-- module_root: the class of the outermost module around each nn.Module frame, wrappers left out.
--
-- Why:     that module is a part of the pipeline: text encoder, denoiser, decoder. Around a
--          compiled or distributed model stands a wrapper of no meaning; then it is the one inside.
-- Grain:   one row per (trace_id, annotation_id) of kind 'python_module'
-- Inputs:  annotation, annotation_parent, wrapper_class
-- Columns:
--   trace_id       trace.trace_id
--   annotation_id  annotation.annotation_id
--   root_class     class of the outermost module that is no wrapper; the wrapper's if there is none
WITH frame AS (
  SELECT
    annotation_parent.trace_id,
    annotation_parent.annotation_id,
    annotation_parent.track,
    annotation_parent.start_ns,
    annotation_parent.depth,
    annotation_parent.root_annotation_id,
    -- a frame is called Class_3: the third instance of Class
    coalesce(
      nullif(array_to_string(string_split(annotation.name, '_')[:-2], '_'), ''), annotation.name
    ) AS class_name
  FROM annotation_parent
  INNER JOIN annotation USING (trace_id, annotation_id)
  WHERE annotation.kind = 'python_module'
),

inner_frame AS (
  SELECT
    trace_id,
    track,
    start_ns,
    class_name
  FROM frame
  WHERE depth = 1
)

SELECT
  frame.trace_id,
  frame.annotation_id,
  if(
    frame.depth > 0 AND root.class_name IN (SELECT wrapper_class.class_name FROM wrapper_class),
    inner_frame.class_name,
    root.class_name
  ) AS root_class
FROM frame
INNER JOIN frame AS root
  ON frame.trace_id = root.trace_id AND frame.root_annotation_id = root.annotation_id
ASOF LEFT JOIN inner_frame
  ON
    frame.trace_id = inner_frame.trace_id
    AND frame.track = inner_frame.track
    AND frame.start_ns >= inner_frame.start_ns
