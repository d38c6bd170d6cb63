-- memory_stack: the stacks and tags of a memory snapshot, and what they say of a place.
--
-- Why:     a tag of a capture is a JSON list of the labels that are open; a user's is any text.
-- Grain:   one row per different stack and tag
-- Inputs:  trace_file, memory_snapshot_stack
-- Columns:
--   trace_id   from trace_file
--   stack_id   as in memory_block
--   op_name    innermost operator, by the function that the dispatcher calls for it
--   place      innermost Python line of the program, else of torch
--   component  from the tag
--   step       from the tag
--   module     from the tag
--   tag        as recorded
--   frames     as recorded
WITH
-- noqa: disable=PRS,LT02
read AS (
  SELECT
    *,
    list_filter(frames, LAMBDA frame: contains(frame, '.py(')) AS python_frames,
    list_filter(frames, LAMBDA frame: starts_with(frame, 'at::_ops::')) AS operators,
    CASE
      WHEN tag IS NULL THEN []
      ELSE coalesce(from_json(CASE WHEN json_valid(tag) AND json_type(tag) = 'ARRAY' THEN tag END,
        '["VARCHAR"]'), [tag])
    END AS labels
  FROM memory_snapshot_stack
),

named AS (
  SELECT
    *,
    list_filter(python_frames, LAMBDA frame:
      NOT regexp_matches(frame, '^(.*(site|dist)-packages/)?torch/')) AS own_frames,
    list_filter(labels, LAMBDA label: starts_with(label, 'component:'))[-1] AS component,
    list_filter(labels, LAMBDA label: starts_with(label, 'step:'))[-1] AS step,
    list_filter(labels, LAMBDA label: starts_with(label, 'module:'))[-1] AS module
  FROM read
)

SELECT
  trace_file.trace_id,
  named.stack_id,
  'aten::' || split_part(named.operators[1], '::', 3) AS op_name,
  coalesce(named.own_frames[1], named.python_frames[1]) AS place,
  CASE
    WHEN named.component IS NOT NULL THEN substr(named.component, 11)
    WHEN named.step IS NULL AND named.module IS NULL THEN nullif(named.tag, '[]')
  END AS component,
  substr(named.step, 6) AS step,
  split_part(substr(named.module, 8), '|', 1) AS module,
  named.tag,
  named.frames
FROM named
CROSS JOIN trace_file
