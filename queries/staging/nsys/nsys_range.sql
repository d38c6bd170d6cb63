-- nsys_range: NVTX ranges and marks with their texts parsed (127 lines because of emit_nvtx).
--
-- Why:     only the text distinguishes operators from annotations, so it is parsed once, here.
--          PyTorch's emit_nvtx pushes 'aten::mm, seq = 3, op_id = 12, sizes = [[2, 3], [3, 4]]' for
--          an operator, and adds such fields to a record_function range, so to labels as well.
-- Grain:   one row per mark (34) and range (59 push/pop, 60 start/end, 70 and 71 with a payload)
-- Inputs:  nsys_nvtx, nsys_text, nsys_domain, nsys_payload_field, annotation_label
-- Columns:
--   row_id           row of NVTX_EVENTS
--   event_type       34 | 59 | 60 | 70 | 71
--   process_id       PID, from globalTid
--   thread_id        TID, from globalTid; NULL if the range ended on another thread
--   start_ns         ns from the session's start
--   end_ns           NULL for marks and unclosed ranges
--   text             as recorded; '(unnamed)' if there is none
--   domain           name of the NVTX domain; NULL for the default one
--   category         name of the category; NULL if none
--   payload          JSON: as recorded, or the fields of an extended payload; NULL if none
--   stem             text before the fields of emit_nvtx
--   sequence_number  'seq'; NULL if absent
--   op_number        'op_id'; NULL if absent
--   sizes            'sizes', as written; NULL if shapes were not recorded
--   label_name       see annotation_label; NULL if it is not a label
--   label_args       see annotation_label
--   is_odd_label     true if a label, or part of it, was left out; NULL if it is not a label
--   kind             'operator' | 'component' | 'step' | 'module' | 'attention' | 'profiler_step' |
--                    'user'
WITH
-- a million of them: not to be held, but read again
spoken AS NOT MATERIALIZED (
  SELECT
    nsys_nvtx.*,
    nsys_nvtx.global_tid >> 24 AS process,
    coalesce(nullif(named.value, ''), nsys_nvtx.text, named.value, '(unnamed)') AS words,
    coalesce(payload.value, nsys_nvtx.json_text) AS json_payload
  FROM nsys_nvtx
  LEFT JOIN nsys_text AS named
    ON nsys_nvtx.text_id = named.id
  LEFT JOIN nsys_text AS payload
    ON nsys_nvtx.json_id = payload.id
  WHERE nsys_nvtx.start_ns IS NOT NULL
),

field AS NOT MATERIALIZED (
  SELECT
    *,
    split_part(split_part(words, ', input_op_ids = ', 1), ', sizes = ', 1) AS head,
    split_part(split_part(head, ', op_id = ', 1), ', seq = ', 1) AS stem,
    try_cast(split_part(split_part(words, ', seq = ', 2), ',', 1) AS BIGINT) AS sequence_number,
    try_cast(split_part(split_part(words, ', op_id = ', 2), ',', 1) AS BIGINT) AS op_number,
    nullif(split_part(split_part(words, ', sizes = ', 2), ', input_op_ids = ', 1), '') AS sizes
  FROM spoken
  WHERE event_type IN (34, 59, 60, 70, 71)
),

extended AS (
  SELECT row_id, json_group_object(name, coalesce(to_json(label), to_json(number))) AS payload
  FROM nsys_payload_field
  GROUP BY row_id
),

-- a program has few of them
range_text AS (
  SELECT row_number() OVER () AS label_id, text
  FROM (SELECT DISTINCT stem AS text FROM field) AS stems
),

label AS (
  SELECT range_text.text AS stem, found.*
  FROM annotation_label('range_text') AS found
  INNER JOIN range_text USING (label_id)
)

SELECT
  field.row_id,
  field.event_type,
  (field.process & 16777215)::VARCHAR AS process_id,
  CASE
    WHEN field.end_global_tid IS NULL OR field.end_global_tid = field.global_tid
      THEN (field.global_tid & 16777215)::VARCHAR
  END AS thread_id,
  field.start_ns,
  field.end_ns,
  field.words AS text,
  domain.name AS domain,
  category.name AS category,
  CASE
    WHEN json_valid(field.json_payload) THEN field.json_payload::JSON
    ELSE coalesce(extended.payload, to_json(coalesce(
      field.int64_value, field.uint64_value, field.int32_value, field.uint32_value,
      field.double_value, field.float_value
    )))
  END AS payload,
  field.stem,
  field.sequence_number,
  field.op_number,
  -- malformed sizes are not shapes
  if(json_valid(field.sizes), field.sizes, NULL) AS sizes,
  label.name AS label_name,
  label.args AS label_args,
  label.is_odd AS is_odd_label,
  CASE
    WHEN label.label_id IS NOT NULL THEN coalesce(label.kind, 'user')
    WHEN starts_with(field.stem, 'ProfilerStep#') THEN 'profiler_step'
    WHEN field.event_type NOT IN (59, 70) OR starts_with(field.stem, 'nccl:') THEN 'user'
    -- an operator that never ended has no known duration
    WHEN field.end_ns IS NULL THEN 'user'
    WHEN field.sequence_number IS NOT NULL OR starts_with(field.stem, 'aten::') THEN 'operator'
    WHEN field.op_number IS NULL THEN 'user'
    WHEN starts_with(field.stem, 'autograd::engine::evaluate_function') THEN 'operator'
    -- a range of the program, such as 'FSDP::pre_forward (blocks.2)' or 'Optimizer.step#AdamW.step'
    WHEN contains(field.stem, ' ') OR contains(field.stem, '#') THEN 'user'
    ELSE 'operator'
  END AS kind
FROM field
LEFT JOIN label ON field.stem = label.stem
LEFT JOIN extended ON field.row_id = extended.row_id
LEFT JOIN nsys_domain AS domain
  ON
    field.process = domain.process
    AND field.domain_id = domain.domain_id
    AND domain.category IS NULL
LEFT JOIN nsys_domain AS category
  ON
    field.process = category.process
    AND field.domain_id = category.domain_id
    AND field.category = category.category
