-- range_sum: the device work within a range of time, by class, kernel, module and more.
--
-- Why:     a question about a part of a timeline is a question about sums. Work that the range cuts
--          counts with the part inside.
-- Grain:   one row per (level, name)
-- Inputs:  timeline_work, timeline_label
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
    category_id,
    label_id AS kernel_id,
    module_id,
    component_id,
    operator_id,
    least(end_ns, until_ns) - greatest(start_ns, from_ns) AS part_ns
  FROM timeline_work
  WHERE trace_id = of_trace AND start_ns < until_ns AND end_ns > from_ns
),

grouped AS (
  SELECT
    grouping_id(category_id, kernel_id, module_id, component_id, operator_id) AS kept,
    coalesce(category_id, kernel_id, module_id, component_id, operator_id) AS label_id,
    count(*) AS work_count,
    cast(sum(part_ns) AS BIGINT) AS work_ns
  FROM inside
  GROUP BY GROUPING SETS ((category_id), (kernel_id), (module_id), (component_id), (operator_id))
)

SELECT
  CASE grouped.kept
    WHEN 15 THEN 'category'
    WHEN 23 THEN 'kernel'
    WHEN 27 THEN 'module'
    WHEN 29 THEN 'component'
    ELSE 'operator'
  END AS level,
  timeline_label.name,
  grouped.work_count,
  grouped.work_ns,
  grouped.work_ns / nullif(sum(grouped.work_ns) OVER (PARTITION BY grouped.kept), 0) AS work_frac
FROM grouped
INNER JOIN timeline_label
  ON grouped.label_id = timeline_label.label_id AND timeline_label.trace_id = of_trace
ORDER BY level, grouped.work_ns DESC, timeline_label.name
