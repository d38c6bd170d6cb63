-- repeated_call: calls of an outermost module or range that a trace without steps repeats.
--
-- Why:     a denoiser is called once a step and a decoder once a token, so their calls are steps
--          if nothing else says what the steps are.
-- Grain:   one row per call of an outermost nn.Module or user range with several calls
-- Inputs:  known_annotation, annotation_parent
-- From:    annotation_parent
-- Columns:
--   trace_id       trace.trace_id
--   annotation_id  annotation.annotation_id
--   step           calls of the same module or range before it
-- Never:   GROUP BY trace_id, annotation_id HAVING count(*) > 1
WITH stepped AS (
  SELECT DISTINCT trace_id FROM known_annotation
  WHERE kind IN ('step', 'profiler_step')
),

outermost AS (
  SELECT
    known.trace_id,
    known.annotation_id,
    known.process_id,
    known.kind,
    known.name,
    known.start_ns
  FROM annotation_parent
  INNER JOIN known_annotation AS known USING (trace_id, annotation_id)
  ANTI JOIN stepped USING (trace_id)
  WHERE
    annotation_parent.depth = 0
    AND known.kind IN ('python_module', 'user', 'component')
    AND NOT starts_with(annotation_parent.track, 'framework')
)

SELECT
  trace_id,
  annotation_id,
  row_number() OVER (
    PARTITION BY trace_id, process_id, kind, name ORDER BY start_ns, annotation_id
  ) - 1 AS step
FROM outermost
QUALIFY count(*) OVER (PARTITION BY trace_id, process_id, kind, name) > 1
