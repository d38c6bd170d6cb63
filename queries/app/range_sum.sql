-- range_sum: the device work within a range of time, added up by class, kernel or module.
--
-- Why:     a question about a part of a timeline is a question about sums. Work that the range cuts
--          counts with the part inside.
-- Grain:   one row per (level, name)
-- Inputs:  work, work_category, work_module, work_component, work_op
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
--   from_ns BIGINT = 0   ns, start of the range
--   until_ns BIGINT = 1  ns, its end
-- Columns:
--   level       'category' | 'kernel' | 'module' | 'component' | 'operator'
--   name        name at that level
--   work_count  work items that overlap the range
--   work_ns     ns within the range; concurrent work counts twice
--   work_frac   0..1 of the level's work_ns
WITH inside AS (
  SELECT
    category,
    work.name AS kernel,
    module,
    component,
    op_name AS operator,
    least(start_ns + dur_ns, until_ns) - greatest(start_ns, from_ns) AS part_ns
  FROM work
  INNER JOIN work_category USING (trace_id, work_id)
  INNER JOIN work_module USING (trace_id, work_id)
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  WHERE trace_id = of_trace AND start_ns < until_ns AND start_ns + dur_ns > from_ns
),

grouped AS (
  SELECT
    category,
    kernel,
    module,
    component,
    operator,
    grouping_id(category, kernel, module, component, operator) AS kept,
    count(*) AS work_count,
    cast(sum(part_ns) AS BIGINT) AS work_ns
  FROM inside
  GROUP BY GROUPING SETS ((category), (kernel), (module), (component), (operator))
)

SELECT
  CASE kept
    WHEN 15 THEN 'category'
    WHEN 23 THEN 'kernel'
    WHEN 27 THEN 'module'
    WHEN 29 THEN 'component'
    ELSE 'operator'
  END AS level,
  coalesce(category, kernel, module, component, operator) AS name,
  work_count,
  work_ns,
  work_ns / nullif(sum(work_ns) OVER (PARTITION BY kept), 0) AS work_frac
FROM grouped
ORDER BY level, work_ns DESC, name
