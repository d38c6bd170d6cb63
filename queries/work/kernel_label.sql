-- kernel_label: what the name of a CUDA graph's kernel says of its place and operator.
--
-- Why:     a replayed graph has one launch for all its kernels, so no range and no operator says
--          what each one is. Their nodes can be named when the graph is captured (mark_kernels);
--          such a name is read as that of a range: a capture's label, a known program's or a place.
-- Grain:   one row per (trace_id, kernel_id) of a kernel with a name that says something
-- Inputs:  kernel, label_name, framework_range, annotation_label
-- From:    kernel WHERE annotation IS NOT NULL
-- Columns:
--   trace_id        trace.trace_id
--   kernel_id       kernel.kernel_id
--   component       that it names as a component; NULL if it does not
--   step            that it names; NULL if it does not
--   module          that it names, or any name of another kind; the first part of its path is the
--                   component if nothing else says what is; NULL if it names none
--   attention_kind  that it gives as that of its attention call; NULL if it gives none
--   op_name         that it names, such as 'aten::mm'; NULL if it does not
-- Never:   WHERE coalesce(component, step::VARCHAR, module, op_name) IS NULL
WITH name AS (
  SELECT DISTINCT trace_id, annotation
  FROM kernel
  WHERE annotation IS NOT NULL
),

named AS (
  SELECT
    trace_id,
    annotation,
    row_number() OVER () AS label_id,
    -- PyTorch writes the root of a module's path as L, and some paths as L['self']
    regexp_replace(annotation, '^L(\[''self''\])?\.', '') AS text
  FROM name
),

label AS (
  FROM annotation_label('named')
),

said AS (
  SELECT
    named.trace_id,
    named.annotation,
    CASE
      WHEN label.label_id IS NOT NULL THEN coalesce(label.kind, 'nothing')
      WHEN ruled.role IS NOT NULL THEN ruled.role
      WHEN EXISTS (
        SELECT 1
        FROM framework_range
        WHERE regexp_matches(named.text, framework_range.pattern)
      ) THEN 'nothing'
      WHEN regexp_full_match(named.text, '\w+::[\w.]+') THEN 'operator'
      ELSE 'place'
    END AS role,
    coalesce(label.name, if(ruled.role = 'attention', NULL, ruled.own_label), named.text) AS name,
    coalesce(label.args ->> 'kind', if(ruled.role = 'attention', ruled.own_label, NULL))
      AS attention_kind
  FROM named
  LEFT JOIN label USING (label_id)
  LEFT JOIN label_name AS ruled
    ON named.trace_id = ruled.trace_id AND named.annotation = ruled.name
),

answered AS (
  SELECT
    trace_id,
    annotation,
    if(role = 'component', name, NULL) AS component,
    if(role = 'step', try_cast(name AS BIGINT), NULL) AS step,
    if(role IN ('module', 'attention', 'place'), name, NULL) AS module,
    attention_kind,
    if(role = 'operator', name, NULL) AS op_name
  FROM said
)

SELECT
  kernel.trace_id,
  kernel.kernel_id,
  answered.component,
  answered.step,
  answered.module,
  answered.attention_kind,
  answered.op_name
FROM kernel
INNER JOIN answered USING (trace_id, annotation)
WHERE
  answered.component IS NOT NULL
  OR answered.step IS NOT NULL
  OR answered.module IS NOT NULL
  OR answered.op_name IS NOT NULL
