-- attention_kind: the kind of each attention call (240 lines because it weighs all).
--
-- Why:     each kind scales differently. Some sources are more reliable than others, so the source
--          is given. A class called CrossAttention can also do self-attention, as in CompVis's
--          code, so a name that says cross counts only if the lengths differ or are unknown, and
--          one that says temporal or spatial only if they don't differ. More keys than queries show
--          no kind: they can be a text, a cache or both.
-- Grain:   one row per attention call
-- Inputs:  attention_annotation, attention_range, attention_module, attention_context,
--          attention_axis, attention_core, attention_decode, attention_input, attention_mask,
--          attention_scores, attention_word, work, known_annotation, kernel_label
-- From:    attention_annotation
-- Columns:
--   trace_id           trace.trace_id
--   attention_call_id  see attention_annotation
--   attention_kind     'self' | 'cross' | 'self+text' | 'joint' | 'spatial' | 'temporal' | 'causal'
--                      | 'unattributed'
--   source             'label' | 'module' | 'shape' | 'name' (of a kernel) | 'none'
-- Never:   WHERE (source = 'none') <> (attention_kind = 'unattributed')
WITH causal_name AS (
  SELECT DISTINCT
    core.trace_id,
    core.range_id,
    core.lead_work_id
  FROM attention_core AS core
  INNER JOIN work USING (trace_id, work_id)
  WHERE contains(regexp_replace(lower(work.name), 'non?[-_ ]?causal', '', 'g'), 'causal')
),

shaped AS (
  SELECT
    enclosing.trace_id,
    enclosing.attention_call_id,
    context.component,
    coalesce(attention_range.label_kind, ruled.args ->> 'kind', captured.attention_kind)
      AS label_kind,
    attention_range.query_len,
    attention_range.kv_len,
    attention_range.batch,
    attention_range.heads,
    attention_range.head_dim,
    coalesce(attention_range.is_causal, FALSE) OR coalesce(mask.kind = 'causal', FALSE)
      AS is_causal,
    mask.kind AS mask_kind,
    input.origin,
    attention_decode.role AS decode_role,
    attention_axis.kind AS axis_kind,
    module.module IS NOT NULL AS is_named,
    causal_name.trace_id IS NOT NULL AS is_named_causal
  FROM attention_annotation AS enclosing
  INNER JOIN attention_context AS context USING (trace_id, attention_call_id)
  INNER JOIN attention_module AS module USING (trace_id, attention_call_id)
  LEFT JOIN attention_range USING (trace_id, range_id)
  LEFT JOIN attention_scores AS scores
    ON
      attention_range.trace_id = scores.trace_id
      AND if(attention_range.source = 'unfused', attention_range.source_id, NULL)
      = scores.softmax_op_id
  LEFT JOIN attention_input AS input USING (trace_id, range_id)
  LEFT JOIN attention_mask AS mask USING (trace_id, range_id)
  LEFT JOIN attention_decode
    ON
      enclosing.trace_id = attention_decode.trace_id
      AND enclosing.attention_call_id = attention_decode.attention_call_id
  LEFT JOIN attention_axis
    ON
      enclosing.trace_id = attention_axis.trace_id
      AND context.component = attention_axis.component
      AND attention_axis.batch = coalesce(
        attention_range.batch, scores.score_count // nullif(attention_range.query_len, 0)
        // nullif(attention_range.kv_len, 0)
      )
      AND attention_range.query_len = attention_axis.query_len
      AND attention_range.kv_len = attention_axis.query_len
  LEFT JOIN known_annotation AS ruled
    ON
      enclosing.trace_id = ruled.trace_id
      AND enclosing.attention_id = ruled.annotation_id
      AND ruled.is_ruled
  LEFT JOIN kernel_label AS captured
    ON
      enclosing.trace_id = captured.trace_id
      AND enclosing.lead_work_id = captured.kernel_id
  LEFT JOIN causal_name
    ON
      enclosing.trace_id = causal_name.trace_id
      AND enclosing.range_id IS NOT DISTINCT FROM causal_name.range_id
      AND enclosing.lead_work_id IS NOT DISTINCT FROM causal_name.lead_work_id
),

-- lengths of a text or an image that a component attends to from something longer
context_length AS (
  SELECT DISTINCT trace_id, component, kv_len
  FROM shaped
  WHERE query_len > kv_len OR origin = 'other'
),

-- once two sequences are one, later layers don't join them again
joint_shape AS (
  SELECT DISTINCT trace_id, component, batch, heads, head_dim, query_len
  FROM shaped
  WHERE origin = 'joined'
),

square AS (
  SELECT DISTINCT trace_id, component, batch, heads, head_dim, query_len
  FROM shaped
  WHERE query_len = kv_len AND query_len > 1
),

-- as long as two others together: perhaps these two, joined where it can't be seen
summed AS (
  SELECT DISTINCT one.* REPLACE (one.query_len + other.query_len AS query_len)
  FROM square AS one
  INNER JOIN square AS other
    ON
      one.trace_id = other.trace_id
      AND one.component = other.component
      AND one.batch = other.batch
      AND one.heads = other.heads
      AND one.head_dim = other.head_dim
      AND one.query_len < other.query_len
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

-- components with a decoder, whose self-attention a mask makes causal
crossed AS (
  SELECT DISTINCT shaped.trace_id, shaped.component
  FROM shaped
  INNER JOIN worded USING (trace_id, attention_call_id)
  WHERE worded.kind = 'cross' AND shaped.query_len IS NOT NULL
),

answered AS (
  SELECT
    shaped.trace_id,
    shaped.attention_call_id,
    CASE
      WHEN shaped.label_kind IS NOT NULL THEN ('label', shaped.label_kind)
      WHEN worded.kind <> 'self' THEN ('module', worded.kind)
      WHEN shaped.origin = 'own and other' THEN ('shape', 'self+text')
      -- of frames, which may see only earlier ones
      WHEN shaped.axis_kind = 'temporal' THEN ('shape', 'temporal')
      WHEN shaped.is_causal OR shaped.origin = 'cache' THEN ('shape', 'causal')
      WHEN joint_shape.query_len IS NOT NULL THEN ('shape', 'joint')
      WHEN shaped.origin = 'other' THEN ('shape', 'cross')
      -- without modules, the keys of a decode step can be as many as those of a text
      WHEN
        shaped.decode_role = 'decode'
        AND context_length.kv_len IS NOT NULL
        AND NOT shaped.is_named
        THEN ('none', 'unattributed')
      WHEN shaped.decode_role IS NOT NULL THEN ('shape', 'causal')
      -- self-attention with one query: the other keys come from a cache
      WHEN worded.kind = 'self' AND shaped.query_len = 1 AND shaped.kv_len > 1
        THEN ('module', 'causal')
      WHEN shaped.axis_kind <> 'unknown' THEN ('shape', shaped.axis_kind)
      WHEN
        worded.kind = 'self'
        AND coalesce(shaped.mask_kind <> 'triangle', TRUE)
        AND (crossed.component IS NULL OR coalesce(shaped.mask_kind <> 'unknown', TRUE))
        THEN ('module', 'self')
      WHEN shaped.axis_kind = 'unknown' THEN ('none', 'unattributed')
      -- the mask can be causal
      WHEN shaped.mask_kind IN ('triangle', 'unknown') AND shaped.query_len <= shaped.kv_len
        THEN ('none', 'unattributed')
      WHEN shaped.query_len > shaped.kv_len THEN ('shape', 'cross')
      WHEN summed.query_len IS NOT NULL THEN ('none', 'unattributed')
      -- one position attends to itself in every kind
      WHEN shaped.query_len = shaped.kv_len AND shaped.query_len > 1 THEN ('shape', 'self')
      WHEN shaped.query_len < shaped.kv_len AND context_length.kv_len IS NOT NULL
        THEN ('shape', 'cross')
      WHEN shaped.is_named_causal THEN ('name', 'causal')
      ELSE ('none', 'unattributed')
    END AS answer
  FROM shaped
  LEFT JOIN worded USING (trace_id, attention_call_id)
  LEFT JOIN crossed USING (trace_id, component)
  LEFT JOIN context_length USING (trace_id, component, kv_len)
  LEFT JOIN summed
    ON
      shaped.trace_id = summed.trace_id
      AND shaped.component = summed.component
      AND shaped.batch = summed.batch
      AND shaped.heads = summed.heads
      AND shaped.head_dim = summed.head_dim
      AND shaped.query_len = summed.query_len
      AND shaped.kv_len = summed.query_len
  LEFT JOIN joint_shape
    ON
      shaped.trace_id = joint_shape.trace_id
      AND shaped.component = joint_shape.component
      AND shaped.query_len = joint_shape.query_len
      AND shaped.kv_len = joint_shape.query_len
      AND shaped.batch IS NOT DISTINCT FROM joint_shape.batch
      AND shaped.heads IS NOT DISTINCT FROM joint_shape.heads
      AND shaped.head_dim IS NOT DISTINCT FROM joint_shape.head_dim
)

SELECT
  trace_id,
  attention_call_id,
  answer[2] AS attention_kind,
  answer[1] AS source
FROM answered
