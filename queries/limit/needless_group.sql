-- needless_group: work that need not be done at all, added up.
--
-- Why:     what is computed again or only changes its layout is needless as a whole, whatever runs
--          around it, so sums are enough to tell what it costs.
-- Grain:   one row per such row of work_group
-- Inputs:  work_group, kernel_category, layout_rule
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   first_work_id  see work_group
--   kind           'recomputation' (activations were not kept) | 'layout_copy' (a change of layout
--                  around a convolution)
--   name           kernel.name, or an operator's
--   device_id      work.device_id
--   component      see work_group; NULL if unknown
--   module         see work_group; NULL if unknown
--   op_name        see work_group; NULL if unknown
--   step           see work_group
--   step_source    see work_group
--   work_count     work items
--   lost_ns        ns, sum of durations, and of the idle time that devices needed to begin them
-- Never:   WHERE work_count < 1
WITH layout AS (
  SELECT DISTINCT kernel_category.trace_id, kernel_category.name
  FROM kernel_category
  INNER JOIN layout_rule ON regexp_matches(kernel_category.name, layout_rule.pattern)
)

SELECT
  trace_id,
  work_group.first_work_id,
  if(work_group.pass = 'recompute', 'recomputation', 'layout_copy') AS kind,
  name,
  work_group.device_id,
  nullif(work_group.component, 'unattributed') AS component,
  nullif(work_group.module, 'unattributed') AS module,
  nullif(work_group.op_name, 'unattributed') AS op_name,
  work_group.step,
  work_group.step_source,
  work_group.work_count,
  work_group.work_ns + work_group.begin_ns AS lost_ns
FROM work_group
LEFT JOIN layout USING (trace_id, name)
WHERE
  work_group.pass = 'recompute'
  OR (layout.name IS NOT NULL AND work_group.role IS DISTINCT FROM 'core')
