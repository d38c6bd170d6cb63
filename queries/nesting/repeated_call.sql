-- repeated_call: calls of an outermost module or range that a trace without steps repeats.
--
-- Why:     a denoiser is called once a step and a decoder once a token, so their calls are steps
--          if nothing else says what the steps are. If one component that is called once holds
--          nearly everything, as a user's range around a whole request does, then the stages in it
--          that a rule knows take the place of the outermost ones.
-- Grain:   one row per call of an outermost module or range with several calls; if a component
--          holds them all, also per range inside such a call
-- Inputs:  known_annotation, annotation_parent
-- From:    annotation_parent
-- Columns:
--   trace_id       trace.trace_id
--   annotation_id  annotation.annotation_id
--   step           calls of the same module or range before it; inside a call, that call's
-- Never:   GROUP BY trace_id, annotation_id HAVING count(*) > 1
WITH stepped AS (
  SELECT DISTINCT trace_id FROM known_annotation
  WHERE kind IN ('step', 'profiler_step')
),

called AS MATERIALIZED (
  SELECT
    known.trace_id,
    known.annotation_id,
    known.process_id,
    known.thread_id,
    known.kind,
    known.name,
    known.is_ruled,
    known.start_ns,
    annotation_parent.end_ns,
    annotation_parent.depth,
    annotation_parent.parent_annotation_id
  FROM annotation_parent
  INNER JOIN known_annotation AS known USING (trace_id, annotation_id)
  ANTI JOIN stepped USING (trace_id)
  WHERE
    known.kind IN ('python_module', 'user', 'component')
    AND NOT starts_with(annotation_parent.track, 'framework')
),

span AS (
  SELECT trace_id, process_id, max(end_ns) - min(start_ns) AS span_ns
  FROM called
  GROUP BY trace_id, process_id
),

single AS (
  SELECT trace_id, process_id, kind, name, min(annotation_id) AS annotation_id
  FROM called
  WHERE kind = 'component' AND depth = 0
  GROUP BY trace_id, process_id, kind, name
  HAVING count(*) = 1
),

whole AS (
  SELECT called.trace_id, called.annotation_id
  FROM single
  INNER JOIN called USING (trace_id, annotation_id)
  INNER JOIN span
    ON called.trace_id = span.trace_id AND called.process_id = span.process_id
  WHERE 10 * (called.end_ns - called.start_ns) >= 9 * span.span_ns
),

part AS (
  SELECT
    called.trace_id,
    called.process_id,
    called.thread_id,
    called.start_ns,
    called.end_ns,
    row_number() OVER (
      PARTITION BY called.trace_id, called.process_id, called.name
      ORDER BY called.start_ns, called.annotation_id
    ) - 1 AS step
  FROM called
  INNER JOIN whole
    ON
      called.trace_id = whole.trace_id AND called.parent_annotation_id = whole.annotation_id
  WHERE called.is_ruled
  QUALIFY count(*) OVER (PARTITION BY called.trace_id, called.process_id, called.name) > 1
),

inside AS (
  SELECT called.trace_id, called.annotation_id, part.step
  FROM called
  ASOF INNER JOIN part
    ON
      called.trace_id = part.trace_id
      AND called.process_id = part.process_id
      AND called.thread_id = part.thread_id
      AND called.start_ns >= part.start_ns
  WHERE called.kind IN ('user', 'component') AND called.end_ns <= part.end_ns
),

outermost AS (
  SELECT
    trace_id,
    annotation_id,
    row_number() OVER (
      PARTITION BY trace_id, process_id, kind, name ORDER BY start_ns, annotation_id
    ) - 1 AS step
  FROM called
  ANTI JOIN inside USING (trace_id, annotation_id)
  WHERE depth = 0
  QUALIFY count(*) OVER (PARTITION BY trace_id, process_id, kind, name) > 1
)

SELECT
  trace_id,
  annotation_id,
  step
FROM outermost
UNION ALL
SELECT
  trace_id,
  annotation_id,
  step
FROM inside
