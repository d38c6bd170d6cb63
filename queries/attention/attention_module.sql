-- attention_module: the module of each attention call (124 lines because of all ranges around it).
--
-- Why:     the module also contains the projections, and its range on the host is where they are
--          requested. A frame counts as an attention module only if its name says so, because
--          around a graph launch the innermost frame is the whole model; there, the name of the
--          graph's kernel can say it. A range that a rule knows as attention is the module.
-- Grain:   one row per attention call
-- Inputs:  attention_annotation, attention_range, known_annotation, annotation_parent, kernel_label
-- From:    attention_annotation
-- Columns:
--   trace_id           trace.trace_id
--   attention_call_id  see attention_annotation
--   annotation_id      the attention module's range; NULL if unknown
--   module             name of the attention module; NULL if unknown
--   around             names of the kernel's node, of the range at the call and of the three around
--                      it, in lower case; NULL if unknown
WITH chain AS (
  SELECT
    enclosing.trace_id,
    enclosing.attention_call_id,
    attention_range.site,
    ruled.annotation_id AS ruled_id,
    ruled.name AS ruled_name,
    if(contains(lower(kernel_label.module), 'att'), kernel_label.module, NULL) AS captured,
    enclosing.module_id IS NOT NULL AS is_label,
    first.annotation_id AS first_id,
    first.name AS first_name,
    first.args ->> 'class' AS first_class,
    second.annotation_id AS second_id,
    second.name AS second_name,
    second.args ->> 'class' AS second_class,
    third.annotation_id AS third_id,
    third.name AS third_name,
    fourth.name AS fourth_name
  FROM attention_annotation AS enclosing
  LEFT JOIN attention_range USING (trace_id, range_id)
  LEFT JOIN known_annotation AS ruled
    ON
      enclosing.trace_id = ruled.trace_id
      AND enclosing.attention_id = ruled.annotation_id
      AND ruled.is_ruled
  LEFT JOIN kernel_label
    ON
      enclosing.trace_id = kernel_label.trace_id
      AND enclosing.lead_work_id = kernel_label.kernel_id
  LEFT JOIN known_annotation AS first
    ON
      enclosing.trace_id = first.trace_id
      AND coalesce(enclosing.module_id, enclosing.python_module_id) = first.annotation_id
  LEFT JOIN annotation_parent AS first_parent
    ON first.trace_id = first_parent.trace_id AND first.annotation_id = first_parent.annotation_id
  LEFT JOIN known_annotation AS second
    ON
      first_parent.trace_id = second.trace_id
      AND first_parent.parent_annotation_id = second.annotation_id
  LEFT JOIN annotation_parent AS second_parent
    ON
      second.trace_id = second_parent.trace_id
      AND second.annotation_id = second_parent.annotation_id
  LEFT JOIN known_annotation AS third
    ON
      second_parent.trace_id = third.trace_id
      AND second_parent.parent_annotation_id = third.annotation_id
  LEFT JOIN annotation_parent AS third_parent
    ON third.trace_id = third_parent.trace_id AND third.annotation_id = third_parent.annotation_id
  LEFT JOIN known_annotation AS fourth
    ON
      third_parent.trace_id = fourth.trace_id
      AND third_parent.parent_annotation_id = fourth.annotation_id
),

named AS (
  SELECT
    trace_id,
    attention_call_id,
    site,
    captured,
    ruled_id,
    ruled_name,
    first_id,
    second_id,
    third_id,
    first_name,
    second_name,
    third_name,
    nullif(lower(concat_ws(
      ' ', captured, ruled_name, first_name, second_name, third_name, fourth_name
    )), '') AS around,
    -- only the last part of a label's path is the module's name
    lower(if(
      is_label, concat_ws(' ', string_split(first_name, '.')[-1], first_class), first_name
    )) AS first_own,
    lower(if(
      is_label, concat_ws(' ', string_split(second_name, '.')[-1], second_class), second_name
    )) AS second_own
  FROM chain
),

chosen AS (
  SELECT
    *,
    CASE
      WHEN first_name = site THEN 1
      WHEN second_name = site THEN 2
      WHEN third_name = site THEN 3
      WHEN
        contains(first_own, 'att')
        AND contains(second_own, 'att')
        AND NOT contains(second_own, 'block')
        AND NOT contains(second_own, 'attentions') THEN 2
      WHEN contains(first_own, 'att') THEN 1
    END AS link
  FROM named
)

SELECT
  trace_id,
  attention_call_id,
  coalesce(
    ruled_id, CASE link WHEN 1 THEN first_id WHEN 2 THEN second_id WHEN 3 THEN third_id END
  ) AS annotation_id,
  coalesce(
    site, captured, ruled_name, CASE link WHEN 1 THEN first_name WHEN 2 THEN second_name END
  ) AS module,
  around
FROM chosen
