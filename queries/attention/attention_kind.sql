-- attention_kind: the kind of each attention call, and where the kind is known from.
--
-- Why:     each kind scales differently. Some sources are more reliable than others, so the source
--          is given. A class called CrossAttention can also do self-attention, as in CompVis's
--          code, so a name that says cross counts only if the lengths differ or are unknown.
-- Grain:   one row per attention call
-- Inputs:  attention_annotation, attention_range, attention_module, attention_word, work
-- Columns:
--   trace_id           trace.trace_id
--   attention_call_id  see attention_annotation
--   attention_kind     'self' | 'cross' | 'self+text' | 'joint' | 'spatial' | 'temporal' | 'causal'
--                      | 'unattributed'
--   source             'label' | 'module' | 'shape' | 'name' (the kernel's name) | 'none'
-- Never:   WHERE (source = 'none') <> (attention_kind = 'unattributed')
WITH shaped AS (
  SELECT
    enclosing.trace_id,
    enclosing.attention_call_id,
    attention_range.label_kind,
    attention_range.query_len,
    attention_range.kv_len,
    coalesce(attention_range.is_causal, FALSE) AS is_causal,
    lower(work.name) AS kernel_name
  FROM attention_annotation AS enclosing
  LEFT JOIN attention_range USING (trace_id, range_id)
  LEFT JOIN work ON enclosing.trace_id = work.trace_id AND enclosing.lead_work_id = work.work_id
),

worded AS (
  SELECT
    shaped.trace_id,
    shaped.attention_call_id,
    arg_min(attention_word.kind, attention_word.rule_order) AS kind
  FROM shaped
  INNER JOIN attention_module AS module USING (trace_id, attention_call_id)
  CROSS JOIN attention_word
  WHERE
    contains(
      if(attention_word.scope = 'enclosing', module.around, lower(module.module)),
      attention_word.word
    )
    AND NOT (attention_word.kind = 'cross' AND coalesce(shaped.query_len = shaped.kv_len, FALSE))
  GROUP BY shaped.trace_id, shaped.attention_call_id
),

answered AS (
  SELECT
    shaped.trace_id,
    shaped.attention_call_id,
    CASE
      WHEN shaped.label_kind IS NOT NULL THEN ('label', shaped.label_kind)
      WHEN worded.kind <> 'self' THEN ('module', worded.kind)
      WHEN shaped.is_causal THEN ('shape', 'causal')
      -- one new token attends to all earlier ones: a decode step
      WHEN shaped.query_len = 1 AND shaped.kv_len > 1 THEN ('shape', 'causal')
      WHEN worded.kind = 'self' THEN ('module', 'self')
      WHEN shaped.query_len <> shaped.kv_len THEN ('shape', 'cross')
      WHEN shaped.query_len = shaped.kv_len THEN ('shape', 'self')
      WHEN contains(shaped.kernel_name, 'causal') THEN ('name', 'causal')
      ELSE ('none', 'unattributed')
    END AS answer
  FROM shaped
  LEFT JOIN worded USING (trace_id, attention_call_id)
)

SELECT
  trace_id,
  attention_call_id,
  answer[2] AS attention_kind,
  answer[1] AS source
FROM answered
