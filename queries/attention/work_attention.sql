-- work_attention: the attention call that each work item belongs to, and its role in it.
--
-- Why:     a faster attention kernel speeds up only the core; the projections stay the same.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_call, attention_core, attention_annotation, attention_module, attention_kind,
--          annotation, nesting, timeline
-- Columns:
--   trace_id           trace.trace_id
--   work_id            work.work_id
--   attention_call_id  attention_call.attention_call_id; NULL outside attention
--   attention_kind     see attention_call; 'none' outside attention
--   role               'core' (QK^T, softmax, AV) | 'module' (the rest of an attention module) |
--                      'none'
-- Never:   WHERE (role = 'none') <> (attention_call_id IS NULL)
WITH core AS (
  SELECT
    member.trace_id,
    member.work_id,
    enclosing.attention_call_id
  FROM attention_core AS member
  INNER JOIN attention_annotation AS enclosing
    ON
      member.trace_id = enclosing.trace_id
      AND coalesce(member.range_id, -1) = coalesce(enclosing.range_id, -1)
      AND coalesce(member.lead_work_id, -1) = coalesce(enclosing.lead_work_id, -1)
),

slice AS (
  SELECT DISTINCT
    annotation.trace_id,
    concat_ws(' ', annotation.process_id, annotation.thread_id) AS track,
    annotation.annotation_id AS slice_id,
    annotation.start_ns,
    annotation.dur_ns,
    annotation.annotation_id AS tie
  FROM attention_module AS module
  INNER JOIN annotation USING (trace_id, annotation_id)
),

nested AS (
  FROM nesting('slice')
),

module_timeline AS (
  FROM timeline('nested')
),

inside AS (
  SELECT
    work_call.trace_id,
    work_call.work_id,
    work_call.forward_called_ns,
    module_timeline.slice_id AS annotation_id
  FROM work_call
  SEMI JOIN nested ON work_call.trace_id = nested.trace_id AND forward_track = nested.track
  ASOF INNER JOIN module_timeline
    ON
      work_call.trace_id = module_timeline.trace_id
      AND work_call.forward_track = module_timeline.track
      AND work_call.forward_called_ns >= module_timeline.start_ns
  WHERE module_timeline.slice_id IS NOT NULL
),

module_call AS (
  SELECT module.trace_id, module.annotation_id, module.attention_call_id, enclosing.start_ns
  FROM attention_module AS module
  INNER JOIN attention_annotation AS enclosing USING (trace_id, attention_call_id)
  WHERE module.annotation_id IS NOT NULL
),

first_call AS (
  SELECT
    trace_id,
    annotation_id,
    arg_min(attention_call_id, (start_ns, attention_call_id)) AS attention_call_id
  FROM module_call
  GROUP BY trace_id, annotation_id
),

-- if a module has several calls, projections go to the last call that has begun, or to the first
surrounding AS (
  SELECT
    inside.trace_id,
    inside.work_id,
    coalesce(module_call.attention_call_id, first_call.attention_call_id) AS attention_call_id
  FROM inside
  INNER JOIN first_call USING (trace_id, annotation_id)
  ASOF LEFT JOIN module_call
    ON
      inside.trace_id = module_call.trace_id
      AND inside.annotation_id = module_call.annotation_id
      AND inside.forward_called_ns >= module_call.start_ns
),

found AS (
  SELECT
    work.trace_id,
    work.work_id,
    coalesce(core.attention_call_id, surrounding.attention_call_id) AS attention_call_id,
    CASE
      WHEN core.attention_call_id IS NOT NULL THEN 'core'
      WHEN surrounding.attention_call_id IS NOT NULL THEN 'module'
      ELSE 'none'
    END AS role
  FROM work
  LEFT JOIN core USING (trace_id, work_id)
  LEFT JOIN surrounding USING (trace_id, work_id)
)

SELECT
  found.trace_id,
  found.work_id,
  found.attention_call_id,
  coalesce(attention_kind.attention_kind, 'none') AS attention_kind,
  found.role
FROM found
LEFT JOIN attention_kind USING (trace_id, attention_call_id)
