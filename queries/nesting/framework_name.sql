-- framework_name: user ranges that PyTorch or its compiler writes, by name and trace.
--
-- Why:     a trace has few names and many ranges, so each name is matched once.
-- Grain:   one row per (trace_id, name)
-- Inputs:  annotation, framework_range
-- From:    annotation WHERE kind = 'user'
-- Columns:
--   trace_id  trace.trace_id
--   name      annotation.name
--   rule      framework_range.rule; the first by name if several match
-- Never:   GROUP BY trace_id, name HAVING count(*) > 1
WITH found AS (
  SELECT DISTINCT trace_id, name
  FROM annotation
  WHERE kind = 'user'
),

matched AS (
  SELECT
    trace_id,
    name,
    (
      SELECT min(framework_range.rule) FROM framework_range
      WHERE regexp_matches(found.name, framework_range.pattern)
    ) AS rule
  FROM found
)

SELECT
  trace_id,
  name,
  rule
FROM matched
WHERE rule IS NOT NULL
