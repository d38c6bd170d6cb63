-- attention_kind: the kind of each attention call, and where the kind is known from.
--
-- Why:     each kind scales differently. Some sources are more reliable than others, so the source
--          is given. A class called CrossAttention can also do self-attention, as in CompVis's
--          code, so a name that says cross counts only if the lengths differ or are unknown, and
--          one that says temporal or spatial only if they don't differ. More keys than queries show
--          no kind: they can be a text, a cache or both.
-- Grain:   one row per attention call
-- Inputs:  attention_annotation, attention_range, attention_module, attention_context,
--          attention_axis, attention_decode, attention_word, work
-- From:    attention_annotation
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
    context.component,
    attention_range.label_kind,
    attention_range.query_len,
    attention_range.kv_len,
    coalesce(attention_range.is_causal, FALSE) AS is_causal,
    attention_decode.role AS decode_role,
    attention_axis.kind AS axis_kind,
    lower(work.name) AS kernel_name
  FROM attention_annotation AS enclosing
  INNER JOIN attention_context AS context USING (trace_id, attention_call_id)
  LEFT JOIN attention_range USING (trace_id, range_id)
  LEFT JOIN attention_decode
    ON
      enclosing.trace_id = attention_decode.trace_id
      AND enclosing.attention_call_id = attention_decode.attention_call_id
  LEFT JOIN attention_axis
    ON
      enclosing.trace_id = attention_axis.trace_id
      AND context.component = attention_axis.component
      AND attention_range.batch = attention_axis.batch
      AND attention_range.query_len = attention_axis.query_len
      AND attention_range.kv_len = attention_axis.query_len
  LEFT JOIN work ON enclosing.trace_id = work.trace_id AND enclosing.lead_work_id = work.work_id
),

-- lengths of a text or an image that a component attends to from something longer
context_length AS (
  SELECT DISTINCT trace_id, component, kv_len
  FROM shaped
  WHERE query_len > kv_len
),

named AS (
  SELECT
    module.trace_id,
    module.attention_call_id,
    lower(module.module) AS module,
    array_to_string(list_filter(
      string_split(translate(module.around, '._', ' '), ' '),
      LAMBDA part: len(list_filter(silent.words, LAMBDA word: contains(part, word))) = 0
    ), ' ') AS around
  FROM attention_module AS module
  CROSS JOIN (
    SELECT list(word ORDER BY rule_order) AS words FROM attention_word
    WHERE kind IS NULL
  ) AS silent
),

worded AS (
  SELECT
    shaped.trace_id,
    shaped.attention_call_id,
    arg_min(attention_word.kind, attention_word.rule_order) AS kind
  FROM shaped
  INNER JOIN named USING (trace_id, attention_call_id)
  CROSS JOIN attention_word
  WHERE
    contains(
      if(attention_word.scope = 'enclosing', named.around, named.module), attention_word.word
    )
    AND NOT (attention_word.kind = 'cross' AND coalesce(shaped.query_len = shaped.kv_len, FALSE))
    AND NOT (
      attention_word.kind IN ('temporal', 'spatial')
      AND coalesce(shaped.query_len <> shaped.kv_len, FALSE)
    )
  GROUP BY shaped.trace_id, shaped.attention_call_id
),

answered AS (
  SELECT
    shaped.trace_id,
    shaped.attention_call_id,
    CASE
      WHEN shaped.label_kind IS NOT NULL THEN ('label', shaped.label_kind)
      WHEN worded.kind <> 'self' THEN ('module', worded.kind)
      WHEN shaped.is_causal OR shaped.decode_role IS NOT NULL THEN ('shape', 'causal')
      -- self-attention with one query: the other keys come from a cache
      WHEN worded.kind = 'self' AND shaped.query_len = 1 AND shaped.kv_len > 1
        THEN ('module', 'causal')
      WHEN shaped.axis_kind IS NOT NULL THEN ('shape', shaped.axis_kind)
      WHEN worded.kind = 'self' THEN ('module', 'self')
      WHEN shaped.query_len > shaped.kv_len THEN ('shape', 'cross')
      WHEN shaped.query_len = shaped.kv_len THEN ('shape', 'self')
      WHEN context_length.kv_len IS NOT NULL THEN ('shape', 'cross')
      WHEN contains(shaped.kernel_name, 'causal') THEN ('name', 'causal')
      ELSE ('none', 'unattributed')
    END AS answer
  FROM shaped
  LEFT JOIN worded USING (trace_id, attention_call_id)
  LEFT JOIN context_length USING (trace_id, component, kv_len)
)

SELECT
  trace_id,
  attention_call_id,
  answer[2] AS attention_kind,
  answer[1] AS source
FROM answered
