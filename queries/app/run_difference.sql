-- run_difference: where two traces, or two steps, differ: the rows add up to the whole difference.
--
-- Why:     a total hides that one class got slower and another faster.
-- Grain:   one row per name at the level, in either of the two
-- Inputs:  work, work_category, work_component, work_step, work_module, work_op
-- Params:
--   of_first BIGINT = 1            trace.trace_id of A
--   of_second BIGINT = 2           trace.trace_id of B
--   of_level VARCHAR = 'category'  see compare_answers.LEVELS
--   first_step BIGINT = NULL       step of A; NULL for all of it
--   second_step BIGINT = NULL      step of B; NULL for all of it
-- Columns:
--   name           name at the level; 'none' without one
--   first_count    work items in A
--   second_count   work items in B
--   first_ns       ns, sum of their durations; 0 if there are none
--   second_ns      ns
--   difference_ns  ns, second_ns - first_ns: negative if B is faster
--   present_in     'both' | 'A' | 'B'
WITH asked AS (
  SELECT
    work.trace_id,
    work.dur_ns,
    CASE of_level
      WHEN 'category' THEN work_category.category
      WHEN 'component' THEN work_component.component
      WHEN 'component and class'
        THEN work_component.component || ' · ' || work_category.category
      WHEN 'step' THEN cast(work_step.step AS VARCHAR)
      WHEN 'module class' THEN work_module.module_class
      WHEN 'module' THEN work_module.module
      WHEN 'operator' THEN work_op.op_name
      ELSE work.name
    END AS name,
    work.trace_id = of_first AND (first_step IS NULL OR work_step.step = first_step) AS is_first,
    work.trace_id = of_second AND (second_step IS NULL OR work_step.step = second_step)
      AS is_second
  FROM work
  INNER JOIN work_category USING (trace_id, work_id)
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_step USING (trace_id, work_id)
  INNER JOIN work_module USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  WHERE work.trace_id IN (of_first, of_second)
),

summed AS (
  SELECT
    coalesce(name, 'none') AS name,
    count(*) FILTER (is_first) AS first_count,
    count(*) FILTER (is_second) AS second_count,
    cast(coalesce(sum(dur_ns) FILTER (is_first), 0) AS BIGINT) AS first_ns,
    cast(coalesce(sum(dur_ns) FILTER (is_second), 0) AS BIGINT) AS second_ns
  FROM asked
  WHERE is_first OR is_second
  GROUP BY coalesce(name, 'none')
)

SELECT
  name,
  first_count,
  second_count,
  first_ns,
  second_ns,
  second_ns - first_ns AS difference_ns,
  CASE WHEN second_count = 0 THEN 'A' WHEN first_count = 0 THEN 'B' ELSE 'both' END AS present_in
FROM summed
ORDER BY abs(second_ns - first_ns) DESC, name
