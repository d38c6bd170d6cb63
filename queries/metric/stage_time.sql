-- stage_time: time of each pipeline component, in the profile and in a whole request.
--
-- Why:     in a request the denoiser may run fifty times and the text encoder once.
-- Grain:   one row per (trace_id, component)
-- Inputs:  trace, work_sum, component_busy, component_scale, anomaly
-- Needs:   component
-- Key:     trace_name, component, call_count, step_count, work_ns, work_frac, request_ns,
--          request_frac
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   model            trace.model
--   family           trace.family
--   attention        trace.attention
--   time_source      'gpu' | 'cpu' | 'predicted': where the times come from
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   component        see work_component; 'unattributed' if no range covers the work
--   call_count       labelled calls in the trace; NULL if the trace has no such labels
--   step_count       steps in which the component has work
--   work_count       work items
--   work_ns          ns, sum of durations; concurrent work counts twice
--   work_frac        0..1 of the trace's work_ns
--   busy_ns          ns, union of the work; NULL if refused
--   busy_refusal     why busy_ns is NULL: a CPU trace, or several ranks in one file; else NULL
--   step_min_ns      ns, shortest step; NULL without steps
--   step_median_ns   ns, median step
--   step_max_ns      ns, longest step
--   source           see component_scale.source
--   request_ns       ns, work_ns scaled to a whole request
--   request_frac     0..1 of the whole request
-- Never:   GROUP BY trace_id HAVING abs(sum(work_frac) - 1) > 1e-9
-- Plot:    Time of each pipeline component in a whole request
WITH step_total AS (
  SELECT
    trace_id,
    component,
    time_source,
    step,
    sum(work_count) AS work_count,
    sum(work_ns) AS work_ns
  FROM work_sum
  GROUP BY trace_id, component, time_source, step
),

stage AS (
  SELECT
    trace_id,
    component,
    time_source,
    sum(work_count) AS work_count,
    sum(work_ns) AS work_ns,
    min(work_ns) FILTER (WHERE step IS NOT NULL) AS step_min_ns,
    median(work_ns::HUGEINT) FILTER (WHERE step IS NOT NULL) AS step_median_ns,
    max(work_ns) FILTER (WHERE step IS NOT NULL) AS step_max_ns
  FROM step_total
  GROUP BY trace_id, component, time_source
),

-- on a CPU, an operator's self time has gaps; ranks have different clocks, so overlap is chance
judged AS (
  SELECT
    stage.*,
    component_busy.busy_ns,
    if(time_source = 'cpu', 'self times on a CPU leave gaps', merged.consequence) AS busy_refusal
  FROM stage
  INNER JOIN component_busy USING (trace_id, component)
  LEFT JOIN anomaly AS merged
    ON stage.trace_id = merged.trace_id AND merged.kind = 'merged_process'
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.model,
  trace.family,
  trace.attention,
  judged.time_source,
  trace.time_low_ratio,
  trace.time_high_ratio,
  component,
  component_scale.call_count,
  component_scale.step_count,
  try_cast(judged.work_count AS BIGINT) AS work_count,
  try_cast(judged.work_ns AS BIGINT) AS work_ns,
  judged.work_ns / nullif(sum(judged.work_ns) OVER (PARTITION BY trace_id), 0) AS work_frac,
  if(judged.busy_refusal IS NULL, judged.busy_ns, NULL) AS busy_ns,
  judged.busy_refusal,
  try_cast(judged.step_min_ns AS BIGINT) AS step_min_ns,
  try_cast(judged.step_median_ns AS BIGINT) AS step_median_ns,
  try_cast(judged.step_max_ns AS BIGINT) AS step_max_ns,
  component_scale.source,
  try_cast(judged.work_ns * component_scale.request_scale AS BIGINT) AS request_ns,
  judged.work_ns * component_scale.request_scale / nullif(
    sum(judged.work_ns * component_scale.request_scale) OVER (PARTITION BY trace_id), 0
  ) AS request_frac
FROM judged
INNER JOIN component_scale USING (trace_id, component)
INNER JOIN trace USING (trace_id)
ORDER BY trace_id, request_ns DESC
