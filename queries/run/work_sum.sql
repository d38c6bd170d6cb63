-- work_sum: the work of a trace added up by component, step and category.
--
-- Why:     millions of work items have few combinations of these, so answers add up the sums, in
--          a fraction of the time.
-- Grain:   one row per (trace_id, time_source, component, step, category, module_category,
--          has_cost)
-- Inputs:  work, work_component, work_step, work_category, work_cost,
--          work_arithmetic
-- From:    work
-- Columns:
--   trace_id         trace.trace_id
--   time_source      work.time_source
--   component        work_component.component
--   step             work_step.step
--   category         work_category.category
--   module_category  work_category.module_category
--   has_cost         whether the FLOPs are known
--   work_count       work items
--   work_ns          ns, sum of durations; concurrent work counts twice. A DECIMAL, as flops and
--                    bytes: sums of sums must be exact beyond int64
--   flops            FLOPs; NULL if has_cost is false
--   bytes            bytes read and written; NULL if unknown for all of the work
--   peak_ns          ns that the FLOPs take at the peaks of their arithmetic, 0 without FLOPs; NULL
--                    if unknown for any of them
--   arithmetic       see work_arithmetic, that of most of peak_ns; NULL without FLOPs
-- Never:   WHERE work_count < 1 OR has_cost <> (flops IS NOT NULL)
SELECT
  trace_id,
  work.time_source,
  work_component.component,
  work_step.step,
  work_category.category,
  work_category.module_category,
  work_cost.flops IS NOT NULL AS has_cost,
  count(*) AS work_count,
  sum(work.dur_ns)::DECIMAL(38, 0) AS work_ns,
  sum(work_cost.flops)::DECIMAL(38, 0) AS flops,
  sum(work_cost.bytes)::DECIMAL(38, 0) AS bytes,
  if(
    count(*) FILTER (WHERE work_cost.flops > 0) = count(arithmetic.peak_flops_per_s),
    coalesce(sum(
      (work_cost.flops * 1e9 / arithmetic.peak_flops_per_s)::DECIMAL(38, 6)
    ), 0), NULL
  )::DECIMAL(38, 6) AS peak_ns,
  arg_max(
    arithmetic.arithmetic, work_cost.flops / coalesce(arithmetic.peak_flops_per_s, 1)
  ) AS arithmetic
FROM work
INNER JOIN work_component USING (trace_id, work_id)
INNER JOIN work_step USING (trace_id, work_id)
INNER JOIN work_category USING (trace_id, work_id)
INNER JOIN work_cost USING (trace_id, work_id)
LEFT JOIN work_arithmetic AS arithmetic USING (trace_id, work_id)
GROUP BY
  trace_id, work.time_source, work_component.component, work_step.step, work_category.category,
  work_category.module_category, has_cost
