-- work_sum: the work of a trace added up by component, step and category.
--
-- Why:     millions of work items have few combinations of these, so answers add up the sums, in
--          a fraction of the time.
-- Grain:   one row per (trace_id, time_source, component, step, category, module_category,
--          has_cost)
-- Inputs:  work, work_component, work_step, work_category, work_cost
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
  sum(work_cost.bytes)::DECIMAL(38, 0) AS bytes
FROM work
INNER JOIN work_component USING (trace_id, work_id)
INNER JOIN work_step USING (trace_id, work_id)
INNER JOIN work_category USING (trace_id, work_id)
INNER JOIN work_cost USING (trace_id, work_id)
GROUP BY
  trace_id, work.time_source, work_component.component, work_step.step, work_category.category,
  work_category.module_category, has_cost
