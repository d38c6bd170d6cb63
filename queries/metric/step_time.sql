-- step_time: time, attention time and FLOPs of each step of each component.
--
-- Why:     denoising steps should all take equally long, while a decoder's steps grow with its
--          cache.
-- Grain:   one row per (trace_id, component, step) that has a step
-- Inputs:  trace, work, work_component, work_step, work_category, work_cost
-- Needs:   step
-- Columns:
--   trace_id      trace.trace_id
--   trace_name    trace.name
--   model         trace.model
--   time_source   'gpu' | 'cpu' | 'predicted': where the times come from
--   component     see work_component
--   step          step of the request, from 0
--   work_count    work items
--   work_ns       ns, sum of durations
--   attention_ns  ns in attention cores (partition core)
--   flops         FLOPs of the operators with known shapes; NULL if there are none
-- Never:   WHERE attention_ns > work_ns
-- Plot:    Time per step
SELECT
  work.trace_id,
  any_value(trace.name) AS trace_name,
  any_value(trace.model) AS model,
  any_value(work.time_source) AS time_source,
  work_component.component,
  work_step.step,
  count(*) AS work_count,
  try_cast(sum(work.dur_ns) AS BIGINT) AS work_ns,
  try_cast(sum(if(work_category.category = 'attention', work.dur_ns, 0)) AS BIGINT) AS attention_ns,
  try_cast(sum(work_cost.flops) AS BIGINT) AS flops
FROM work
INNER JOIN work_component USING (trace_id, work_id)
INNER JOIN work_step USING (trace_id, work_id)
INNER JOIN work_category USING (trace_id, work_id)
INNER JOIN work_cost USING (trace_id, work_id)
INNER JOIN trace USING (trace_id)
WHERE work_step.step IS NOT NULL
GROUP BY work.trace_id, work_component.component, work_step.step
ORDER BY work.trace_id, work_component.component, work_step.step
