-- annotation_label(source): the labels of a capture, parsed from the texts of ranges.
--
-- Why:     traces of every format hold the same labels, and anyone can write some by hand. An
--          invalid field is left out and reported, and the rest of the label counts. A colon before
--          a blank, as in 'step: warm up', is prose, not a label.
-- Grain:   one row per row of `source` (label_id, text) whose text starts as a label does
-- Inputs:  none
-- Columns:
--   label_id  as given
--   kind      'component' | 'step' | 'module' | 'attention'; NULL if it can't be parsed
--   name      without the prefix; for an attention label its site, else 'unattributed'
--   args      JSON: the class of a module, the fields of an attention label; NULL if there are none
--   is_odd    true if the label, or one of its fields, was left out
WITH label AS (
  SELECT
    label_id,
    split_part(text, ':', 1) AS prefix,
    substr(text, strpos(text, ':') + 1) AS body
  FROM query_table(source)
  WHERE
    split_part(text, ':', 1) IN ('component', 'step', 'module', 'attention')
    AND contains(text, ':')
    AND NOT starts_with(body, ' ')
),

split AS (
  SELECT
    *,
    if(prefix = 'attention', list_transform(string_split(body, ','), LAMBDA field: {
      'key': split_part(field, '=', 1),
      'value': substr(field, strpos(field, '=') + 1),
      'is_pair': contains(field, '=')
    }), []) AS fields
  FROM label
),

-- noqa: disable=PRS,LT02
checked AS (
  SELECT
    *,
    list_filter(fields, LAMBDA field, i: field.is_pair
    AND field.value <> ''
    AND list_position(list_transform(fields, LAMBDA other: other.key), field.key) = i
    AND CASE
      WHEN field.key = 'kind'
        THEN field.value IN (
          'self', 'cross', 'self+text', 'joint', 'spatial', 'temporal', 'causal'
        )
      WHEN field.key IN ('query_len', 'kv_len', 'heads', 'kv_heads', 'head_dim', 'batch')
        THEN
          coalesce(try_cast(field.value AS INTEGER) > 0, FALSE)
          AND ltrim(field.value, '0123456789') = ''
      ELSE field.key <> ''
    END) AS good
  FROM split
),

judged AS (
  SELECT
    *,
    CASE prefix
      WHEN 'step' THEN ltrim(body, '0123456789') = '' AND try_cast(body AS BIGINT) IS NOT NULL
      WHEN 'attention'
        THEN len(list_filter(fields, LAMBDA field: field.is_pair AND field.key IN (
          'kind', 'site', 'query_len', 'kv_len', 'heads', 'kv_heads', 'head_dim', 'batch', 'dtype',
          'implementation'
        ))) > 0
      WHEN 'module' THEN split_part(body, '|', 1) <> ''
      ELSE body <> ''
    END AS is_label
  FROM checked
)

SELECT
  label_id,
  if(is_label, prefix, NULL) AS kind,
  CASE if(is_label, prefix, 'none')
    WHEN 'none' THEN NULL
    WHEN 'module' THEN split_part(body, '|', 1)
    WHEN 'attention'
      THEN coalesce(
        list_filter(good, LAMBDA field: field.key = 'site')[1].value, 'unattributed'
      )
    ELSE body
  END AS name,
  CASE if(is_label, prefix, 'none')
    WHEN 'module' THEN if(
      split_part(body, '|', 2) = '', NULL, json_object('class', split_part(body, '|', 2))
    )
    WHEN 'attention'
      THEN ('{' || array_to_string(list_transform(good, LAMBDA field:
        to_json(field.key)::VARCHAR || ':'
        || coalesce(
          if(
            ltrim(field.value, '0123456789') = '', try_cast(field.value AS BIGINT)::VARCHAR, NULL
          ),
          to_json(field.value)::VARCHAR
        )
      ), ',') || '}')::JSON
  END AS args,
  NOT is_label OR len(good) < len(fields) AS is_odd
FROM judged
