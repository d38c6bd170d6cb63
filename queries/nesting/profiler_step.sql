-- profiler_step: the step that each of the profiler's own steps records.
--
-- Why:     a profiler counts from its own start, labels from the first step that is recorded.
-- Grain:   one row per (trace_id, annotation_id) of known_annotation with the kind 'profiler_step'
-- Inputs:  known_annotation
-- From:    known_annotation WHERE kind = 'profiler_step'
-- Columns:
--   trace_id       trace.trace_id
--   annotation_id  annotation.annotation_id
--   step           the number in its name; in a trace with labelled steps, that of all labels
--                  which begin inside it; NULL if there are none, or several
-- Never:   GROUP BY trace_id, annotation_id HAVING count(*) > 1
WITH label AS (
  SELECT trace_id, annotation_id, start_ns, try_cast(name AS BIGINT) AS step
  FROM known_annotation
  WHERE kind = 'step'
),

in_order AS (
  SELECT
    *,
    lag(step) OVER (PARTITION BY trace_id ORDER BY start_ns, annotation_id) AS step_before
  FROM label
  WHERE step IS NOT NULL
),

-- labels of one step that follow each other
run AS (
  SELECT
    trace_id,
    start_ns,
    step,
    count(*) FILTER (WHERE coalesce(step <> step_before, TRUE)) OVER (
      PARTITION BY trace_id
      ORDER BY start_ns, annotation_id
    ) AS number
  FROM in_order
),

moment AS (
  SELECT
    trace_id,
    start_ns,
    min(number) AS first_number,
    max(number) AS last_number,
    min(step) AS step
  FROM run
  GROUP BY trace_id, start_ns
),

profiled AS (
  SELECT
    trace_id,
    annotation_id,
    start_ns,
    start_ns + dur_ns AS end_ns,
    try_cast(split_part(name, '#', 2) AS BIGINT) AS numbered
  FROM known_annotation
  WHERE kind = 'profiler_step'
)

SELECT
  profiled.trace_id,
  profiled.annotation_id,
  CASE
    WHEN labelled.trace_id IS NULL THEN profiled.numbered
    WHEN earliest.start_ns <= profiled.end_ns AND earliest.first_number = latest.last_number
      THEN earliest.step
  END AS step
FROM profiled
LEFT JOIN (SELECT DISTINCT trace_id FROM label) AS labelled USING (trace_id)
ASOF LEFT JOIN moment AS earliest
  ON profiled.trace_id = earliest.trace_id AND profiled.start_ns <= earliest.start_ns
ASOF LEFT JOIN moment AS latest
  ON profiled.trace_id = latest.trace_id AND profiled.end_ns >= latest.start_ns
