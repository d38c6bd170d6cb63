-- step_time: time, attention time and FLOPs of each step of each component.
--
-- Why:     denoising steps should all take equally long, while a decoder's steps grow with its
--          cache.
-- Grain:   one row per (trace_id, component, step) that has a step
-- Inputs:  trace, work_sum
-- Needs:   step
-- Key:     trace_name, component, step, work_count, work_ns, attention_ns
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   model            trace.model
--   time_source      'gpu' | 'cpu' | 'predicted': where the times come from
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   component        see work_component
--   step             step of the request, from 0
--   work_count       work items
--   work_ns          ns, sum of durations
--   attention_ns     ns in attention cores (partition core)
--   flops            FLOPs of the operators with known shapes; NULL if there are none
-- Never:   WHERE attention_ns > work_ns
-- Plot:    Time per step
SELECT
  trace_id,
  any_value(trace.name) AS trace_name,
  any_value(trace.model) AS model,
  any_value(work_sum.time_source) AS time_source,
  any_value(trace.time_low_ratio) AS time_low_ratio,
  any_value(trace.time_high_ratio) AS time_high_ratio,
  work_sum.component,
  work_sum.step,
  sum(work_sum.work_count)::BIGINT AS work_count,
  try_cast(sum(work_sum.work_ns) AS BIGINT) AS work_ns,
  try_cast(sum(if(work_sum.category = 'attention', work_sum.work_ns, 0)) AS BIGINT) AS attention_ns,
  try_cast(sum(work_sum.flops) AS BIGINT) AS flops
FROM work_sum
INNER JOIN trace USING (trace_id)
WHERE work_sum.step IS NOT NULL
GROUP BY trace_id, work_sum.component, work_sum.step
ORDER BY trace_id, work_sum.component, work_sum.step
