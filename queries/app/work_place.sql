-- work_place: the work of a trace by class, component, step and kernel, and where it is.
--
-- Why:     a line of a table leads to the place in the timeline that it speaks of.
-- Grain:   one row per (level, name)
-- Inputs:  work, work_category, work_component, work_step
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   level       'category' | 'component' | 'step' | 'kernel'
--   name        name at that level
--   category    the class of its longest work item
--   work_count  work items
--   work_ns     ns, sum of durations; concurrent work counts twice
--   work_frac   0..1 of the trace's work_ns
--   from_ns     ns, the first start
--   until_ns    ns, the last end
--   longest_id  work_id of the longest work item
--   longest_ns  ns
WITH placed AS (
  SELECT
    work_category.category,
    work_component.component,
    cast(work_step.step AS VARCHAR) AS step,
    work.name AS kernel,
    work.work_id,
    work.start_ns,
    work.dur_ns
  FROM work
  INNER JOIN work_category USING (trace_id, work_id)
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_step USING (trace_id, work_id)
  WHERE work.trace_id = of_trace
),

grouped AS (
  SELECT
    category,
    component,
    step,
    kernel,
    grouping_id(category, component, step, kernel) AS kept,
    arg_max(placed.category, dur_ns) AS longest_category,
    count(*) AS work_count,
    cast(sum(dur_ns) AS BIGINT) AS work_ns,
    min(start_ns) AS from_ns,
    max(start_ns + dur_ns) AS until_ns,
    arg_max(work_id, dur_ns) AS longest_id,
    max(dur_ns) AS longest_ns
  FROM placed
  GROUP BY GROUPING SETS ((category), (component), (step), (kernel))
)

SELECT
  CASE kept WHEN 7 THEN 'category' WHEN 11 THEN 'component' WHEN 13 THEN 'step' ELSE 'kernel' END
    AS level,
  coalesce(category, component, step, kernel) AS name,
  longest_category AS category,
  work_count,
  work_ns,
  work_ns / nullif(sum(work_ns) OVER (PARTITION BY kept), 0) AS work_frac,
  from_ns,
  until_ns,
  longest_id,
  longest_ns
FROM grouped
-- work of no step has no name at that level
QUALIFY coalesce(category, component, step, kernel) IS NOT NULL
ORDER BY level, work_ns DESC, name
