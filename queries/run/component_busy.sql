-- component_busy: how long each component had work, by union of intervals.
--
-- Why:     a union sorts all work, so it is computed once, when the trace is loaded.
-- Grain:   one row per (trace_id, component)
-- Inputs:  work, work_component
-- From:    work
-- Columns:
--   trace_id   trace.trace_id
--   component  see work_component
--   busy_ns    ns, union of the component's work over all devices and streams; NULL beyond
--              int64
-- Never:   WHERE busy_ns < 0
WITH numbered AS MATERIALIZED (
  -- sort millions of rows by the component's number, because texts are slow to sort and carry
  SELECT
    trace_id,
    component,
    row_number() OVER (ORDER BY trace_id, component) AS component_number
  FROM (SELECT DISTINCT trace_id, component FROM work_component) AS known
),

item AS (
  SELECT
    numbered.component_number,
    work.start_ns,
    work.start_ns + work.dur_ns AS end_ns,
    max(work.start_ns + work.dur_ns) OVER (
      PARTITION BY numbered.component_number ORDER BY work.start_ns
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reached_ns
  FROM work
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN numbered USING (trace_id, component)
),

busy AS (
  SELECT
    component_number,
    sum(greatest(end_ns - greatest(start_ns, coalesce(reached_ns, start_ns)), 0)) AS busy_ns
  FROM item
  GROUP BY component_number
)

SELECT
  numbered.trace_id,
  numbered.component,
  try_cast(busy.busy_ns AS BIGINT) AS busy_ns
FROM busy
INNER JOIN numbered USING (component_number)
