-- kineto_text: the texts that events of a Kineto trace have together, each such set once.
--
-- Why:     a trace is millions of events with few names and shapes: what follows from the texts
--          alone is worked out once a set, and rows are sorted without them.
-- Grain:   one row per set of texts; a set may be there a few times
-- Inputs:  kineto_chunk_text, kineto_category, annotation_label
-- Columns:
--   text_id          number of the set
--   ph               'X' complete, 'i' instant, 'M' metadata, ...
--   cat              category, as spelled; NULL if absent
--   role             what the category is read as: see kineto_category; NULL if unknown
--   name             as recorded; '' if absent
--   pid              process, or device of a device event, as text
--   pid_number       the same as a number; NULL if it is none
--   tid              thread or stream, as text
--   thread_order     rank of process and thread together, in the order of their texts
--   work_order       rank of name and pid together, in the order of their texts
--   kind             of an operator or a labelled range of the host, told by its name: 'component'
--                    | 'step' | 'module' | 'attention' | 'profiler_step' | 'user' | 'op'
--   label_name       see annotation_label; NULL if it is no label
--   label_args       see annotation_label
--   is_odd_label     true if part of a label was left out, or all of it; NULL for what is none
--   copy_kind        kind of a copy where ROCm writes one
--   process_label    what the row names its process, in 'process_labels' or 'process_name' rows
--   grid             JSON text
--   block            JSON text
--   input_dims       JSON text
--   input_types      JSON text
--   input_strides    JSON text
--   concrete_inputs  JSON text
WITH range_text AS (
  SELECT
    chunk.text_id AS label_id,
    chunk.name AS text
  FROM kineto_chunk_text AS chunk
  INNER JOIN kineto_category AS category ON chunk.cat = category.cat
  WHERE category.role IN ('op', 'annotation')
),

label AS (
  FROM annotation_label('range_text')
)

SELECT
  chunk.text_id,
  chunk.ph,
  chunk.cat,
  category.role,
  coalesce(chunk.name, '') AS name,
  chunk.pid,
  try_cast(chunk.pid AS INTEGER) AS pid_number,
  chunk.tid,
  dense_rank() OVER (ORDER BY chunk.pid, chunk.tid) AS thread_order,
  dense_rank() OVER (ORDER BY coalesce(chunk.name, ''), chunk.pid) AS work_order,
  CASE
    WHEN category.role IS NULL OR category.role NOT IN ('op', 'annotation') THEN NULL
    WHEN label.label_id IS NOT NULL THEN coalesce(label.kind, 'user')
    WHEN starts_with(chunk.name, 'ProfilerStep#') THEN 'profiler_step'
    WHEN category.role = 'annotation' THEN 'user'
    ELSE 'op'
  END AS kind,
  label.name AS label_name,
  label.args AS label_args,
  label.is_odd AS is_odd_label,
  chunk.kind AS copy_kind,
  CASE
    WHEN chunk.ph = 'M' AND chunk.name IN ('process_labels', 'process_name')
      THEN coalesce(chunk.labels, chunk.process_name)
  END AS process_label,
  chunk.grid,
  chunk.block,
  chunk."Input Dims" AS input_dims,
  chunk."Input type" AS input_types,
  chunk."Input Strides" AS input_strides,
  chunk."Concrete Inputs" AS concrete_inputs
FROM kineto_chunk_text AS chunk
LEFT JOIN kineto_category AS category ON chunk.cat = category.cat
LEFT JOIN label ON chunk.text_id = label.label_id
