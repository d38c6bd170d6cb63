-- kineto_text: each distinct set of texts in a trace's events (145 lines because of many columns).
--
-- Why:     a trace has millions of events with few names and shapes. What depends only on the texts
--          is computed once per set, and rows are sorted without them.
-- Grain:   one row per set of texts; a set may occur a few times
-- Inputs:  kineto_chunk_text, kineto_category, annotation_label
-- Columns:
--   text_id          number of the set
--   ph               'X' complete, 'i' instant, 'M' metadata, ...
--   cat              category, as recorded; NULL if absent
--   role             role of the category, see kineto_category, or 'counter' for a sample of a
--                    GPU's counter, which Cuspy writes without a category; NULL if unknown
--   name             as recorded; '' if absent
--   pid              process, or device for a device event, as text
--   pid_number       pid as a number; NULL if it is not one
--   tid              thread or stream, as text
--   thread_order     rank of process and thread together, in the order of their texts
--   work_order       rank of name and pid together, in the order of their texts
--   kind             kind of an operator or a labelled range of the host, by its name: 'component'
--                    | 'step' | 'module' | 'attention' | 'profiler_step' | 'user' | 'op'
--   label_name       see annotation_label; NULL if it is not a label
--   label_args       see annotation_label
--   is_odd_label     true if a label, or part of it, was left out; NULL if it is not a label
--   copy_kind        kind of a copy, if ROCm or Cuspy writes one
--   source_memory    kind of memory that a copy reads, if Cuspy writes it, such as 'pinned'
--   target_memory    kind of memory that a copy writes
--   process_label    label or name of a process, from 'process_labels' and 'process_name' rows
--   kernel_name      kernel that a call launches, if ROCm writes it there
--   grid             JSON text
--   block            JSON text
--   input_dims       JSON text
--   input_types      JSON text
--   input_strides    JSON text
--   concrete_inputs  JSON text
--   signature_id     number of the name and of these four texts among events of the role
--   occupancy_frac   0..1, estimated occupancy of a kernel
--   warps_per_sm     warps of a kernel's grid for each multiprocessor
--   blocks_per_sm    blocks of a kernel's grid for each multiprocessor
--   priority         priority of a kernel's stream
--   context_id       CUDA context
--   channel_id       hardware channel
--   own_stream       stream on which a kernel ran, if Cuspy shows it elsewhere
--   annotation       name that a graph's kernel got with mark_kernels; NULL if it got none
--   collective_name  of a collective, as recorded; this and the next are NULL for all else
--   in_elements      elements of its input
--   out_elements     elements of its output
--   dtype            type of an element
--   group_size       ranks that take part
--   process_group    name of their group
--   process_group_ranks  the ranks, JSON text
--   sequence_number      number of the call in its group
--   comms_id             number of the call in the job, as recorded
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
  if(
    chunk.ph = 'C'
    AND (chunk.cat = 'hardware_counters' OR regexp_full_match(chunk.pid, 'GPU \d+ Counters')),
    'counter', category.role
  ) AS role,
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
    -- a phase in the fast form of ranges is an operator to the profiler
    WHEN starts_with(chunk.name, 'phase:') THEN 'user'
    WHEN category.role = 'annotation' THEN 'user'
    ELSE 'op'
  END AS kind,
  label.name AS label_name,
  label.args AS label_args,
  label.is_odd AS is_odd_label,
  coalesce(chunk."copy kind", chunk.kind) AS copy_kind,
  chunk."src kind" AS source_memory,
  chunk."dst kind" AS target_memory,
  CASE
    WHEN chunk.ph = 'M' AND chunk.name IN ('process_labels', 'process_name')
      THEN coalesce(chunk.labels, chunk.process_name)
  END AS process_label,
  if(category.role = 'runtime', chunk.kernel, NULL) AS kernel_name,
  chunk.grid,
  chunk.block,
  chunk."Input Dims" AS input_dims,
  chunk."Input type" AS input_types,
  chunk."Input Strides" AS input_strides,
  chunk."Concrete Inputs" AS concrete_inputs,
  dense_rank() OVER (
    PARTITION BY category.role
    ORDER BY
      coalesce(chunk.name, ''), chunk."Input Dims", chunk."Input type", chunk."Input Strides",
      chunk."Concrete Inputs"
  ) AS signature_id,
  try_cast(chunk."est. achieved occupancy %" AS DOUBLE) / 100 AS occupancy_frac,
  try_cast(chunk."warps per SM" AS DOUBLE) AS warps_per_sm,
  try_cast(chunk."blocks per SM" AS DOUBLE) AS blocks_per_sm,
  try_cast(chunk.priority AS INTEGER) AS priority,
  try_cast(chunk.context AS BIGINT) AS context_id,
  try_cast(chunk.channel AS BIGINT) AS channel_id,
  try_cast(chunk.original_stream AS BIGINT) AS own_stream,
  if(category.role IN ('kernel', 'copy'), coalesce(
    chunk.process_name,
    chunk.fqn,
    chunk.str,
    -- of several scopes the last one wins, as in PyTorch's own tool
    if(
      starts_with(chunk.annotation, '['),
      try(coalesce(
        chunk.annotation ->> '$[#-1].name', chunk.annotation ->> '$[#-1].fqn',
        chunk.annotation ->> '$[#-1].str', chunk.annotation ->> '$[#-1]'
      )),
      chunk.annotation
    )
  ), NULL) AS annotation,
  chunk."Collective name" AS collective_name,
  try_cast(chunk."In msg nelems" AS BIGINT) AS in_elements,
  try_cast(chunk."Out msg nelems" AS BIGINT) AS out_elements,
  chunk.dtype,
  try_cast(chunk."Group size" AS INTEGER) AS group_size,
  chunk."Process Group Name" AS process_group,
  chunk."Process Group Ranks" AS process_group_ranks,
  try_cast(chunk.seq AS BIGINT) AS sequence_number,
  chunk."Comms Id" AS comms_id
FROM kineto_chunk_text AS chunk
LEFT JOIN kineto_category AS category ON chunk.cat = category.cat
LEFT JOIN label ON chunk.text_id = label.label_id
