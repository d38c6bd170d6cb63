-- component_scale: how often a component runs in a request, and how often it was profiled.
--
-- Why:     a few steady steps are profiled, but a request may take fifty. The text encoder, which
--          runs once, would look far too large if the profile were read as the request.
-- Grain:   one row per (trace_id, component) of work_sum
-- Inputs:  trace, known_annotation, work_sum
-- Columns:
--   trace_id         trace.trace_id
--   component        see work_component
--   call_count       labelled calls in the trace; NULL if the trace has no such labels
--   step_count       steps in which the component has work; 0 if there are none
--   full_call_count  calls in a whole request, from the manifest; NULL if it does not say
--   request_scale    factor from profiled time to the request's time; 1 if source is 'profile'
--   source           'calls' | 'steps' (steps_full over step_count) | 'profile' (not scaled)
-- Never:   GROUP BY trace_id, component HAVING count(*) > 1
WITH called AS (
  SELECT
    trace_id,
    name AS component,
    count(*) AS call_count
  FROM known_annotation AS annotation
  WHERE kind = 'component'
  GROUP BY trace_id, name
),

worked AS (
  SELECT
    trace_id,
    component,
    count(DISTINCT step) AS step_count
  FROM work_sum
  GROUP BY trace_id, component
),

counted AS (
  SELECT
    worked.trace_id,
    worked.component,
    called.call_count,
    worked.step_count,
    -- ->> would read an asterisk or a quote in a component's name as a path
    try_cast(json_extract_string(
      trace.manifest -> 'component_steps_full',
      '/' || replace(replace(worked.component, '~', '~0'), '/', '~1')
    ) AS DOUBLE) AS full_call_count,
    try_cast(trace.manifest ->> 'steps_full' AS DOUBLE) AS steps_full
  FROM worked
  INNER JOIN trace USING (trace_id)
  LEFT JOIN called USING (trace_id, component)
)

SELECT
  trace_id,
  component,
  call_count,
  step_count,
  full_call_count,
  CASE
    WHEN full_call_count IS NOT NULL AND call_count > 0 THEN full_call_count / call_count
    WHEN steps_full IS NOT NULL AND step_count > 0 THEN steps_full / step_count
    ELSE 1
  END AS request_scale,
  CASE
    WHEN full_call_count IS NOT NULL AND call_count > 0 THEN 'calls'
    WHEN steps_full IS NOT NULL AND step_count > 0 THEN 'steps'
    ELSE 'profile'
  END AS source
FROM counted
