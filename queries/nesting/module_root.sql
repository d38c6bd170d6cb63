-- module_root: the class of the outermost module around each nn.Module frame, ignoring wrappers.
--
-- Why:     that module is a part of the pipeline: text encoder, denoiser or decoder. A compiled or
--          distributed model is inside one or more wrappers, which don't show what it is.
-- Grain:   one row per (trace_id, annotation_id) of kind 'python_module'
-- Inputs:  annotation, annotation_parent, wrapper_class, nesting
-- From:    annotation WHERE kind = 'python_module'
-- Columns:
--   trace_id       trace.trace_id
--   annotation_id  annotation.annotation_id
--   root_class     class of the outermost module that isn't a wrapper, else class of the wrapper
WITH frame AS (
  SELECT
    annotation_parent.trace_id,
    annotation_parent.annotation_id,
    annotation_parent.track,
    annotation_parent.start_ns,
    annotation_parent.end_ns,
    annotation_parent.depth,
    annotation_parent.root_annotation_id,
    -- Class_3 is the name of the frame of the third instance of Class
    coalesce(
      nullif(array_to_string(string_split(annotation.name, '_')[:-2], '_'), ''), annotation.name
    ) AS class_name
  FROM annotation_parent
  INNER JOIN annotation USING (trace_id, annotation_id)
  WHERE annotation.kind = 'python_module'
),

model_frame AS (
  SELECT
    trace_id,
    track,
    annotation_id AS slice_id,
    start_ns,
    end_ns - start_ns AS dur_ns,
    depth AS tie
  FROM frame
  ANTI JOIN wrapper_class USING (class_name)
),

-- the outermost frames that aren't wrappers; they never overlap
model AS (
  SELECT
    frame.trace_id,
    frame.track,
    frame.start_ns,
    frame.end_ns,
    frame.depth,
    frame.class_name
  FROM nesting('model_frame') AS nested
  INNER JOIN frame ON nested.trace_id = frame.trace_id AND nested.slice_id = frame.annotation_id
  WHERE nested.depth = 0
)

SELECT
  frame.trace_id,
  frame.annotation_id,
  if(
    frame.depth >= model.depth
    AND (frame.start_ns < model.end_ns OR frame.start_ns = model.start_ns),
    model.class_name,
    root.class_name
  ) AS root_class
FROM frame
INNER JOIN frame AS root
  ON frame.trace_id = root.trace_id AND frame.root_annotation_id = root.annotation_id
ASOF LEFT JOIN model
  ON
    frame.trace_id = model.trace_id
    AND frame.track = model.track
    AND frame.start_ns >= model.start_ns
