-- work_lane: stretches of consecutive work of one component, step, category or attention kind.
--
-- Why:     a timeline shows where a request is, above the thousands of kernels that do it. A
--          stretch of a category or an attention kind ends where the device is then idle for
--          longer than the last item took, so that at most half of it is idle; the others last
--          through idle time.
-- Grain:   one row per stretch of (trace_id, device_id, lane)
-- Inputs:  work, work_component, work_step, work_category, work_attention
-- Kept:    view
-- Columns:
--   trace_id    trace.trace_id
--   device_id   work.device_id
--   lane        'component' | 'step' | 'category' | 'attention_kind'
--   start_ns    ns from the trace's base, start of its first work
--   end_ns      ns, its latest end, or the start of the next stretch if they overlap
--   name        the component, step, category or kind; 'unattributed', 'none' and work without a
--               step are left out
--   work_count  work items
-- Never:   WHERE end_ns < start_ns OR work_count < 1
WITH named AS (
  SELECT
    work.trace_id,
    work.device_id,
    work.start_ns,
    work.start_ns + work.dur_ns AS end_ns,
    work.work_id,
    unnest(['component', 'step', 'category', 'attention_kind']) AS lane,
    unnest([
      nullif(work_component.component, 'unattributed'),
      'step ' || work_step.step,
      work_category.category,
      nullif(work_attention.attention_kind, 'none')
    ]) AS name
  FROM work
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_step USING (trace_id, work_id)
  INNER JOIN work_category USING (trace_id, work_id)
  INNER JOIN work_attention USING (trace_id, work_id)
),

compared AS (
  SELECT
    *,
    lag(name, 1, '') OVER in_order AS name_before,
    lag(end_ns - start_ns) OVER in_order AS dur_before_ns,
    start_ns - max(end_ns) OVER (
      in_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS idle_ns
  FROM named
  WINDOW in_order AS (PARTITION BY trace_id, device_id, lane ORDER BY start_ns, work_id)
),

numbered AS (
  SELECT
    *,
    count(*) FILTER (
      WHERE name IS DISTINCT FROM name_before
      OR (lane IN ('category', 'attention_kind') AND idle_ns > dur_before_ns)
    ) OVER (
      PARTITION BY trace_id, device_id, lane ORDER BY start_ns, work_id
    ) AS stretch
  FROM compared
),

stretched AS (
  SELECT
    trace_id,
    device_id,
    lane,
    stretch,
    min(start_ns) AS start_ns,
    max(end_ns) AS end_ns,
    any_value(name) AS name,
    count(*) AS work_count
  FROM numbered
  GROUP BY trace_id, device_id, lane, stretch
),

clipped AS (
  SELECT
    trace_id,
    device_id,
    lane,
    start_ns,
    least(end_ns, lead(start_ns) OVER (
      PARTITION BY trace_id, device_id, lane ORDER BY stretch
    )) AS end_ns,
    name,
    work_count
  FROM stretched
)

SELECT
  trace_id,
  device_id,
  lane,
  start_ns,
  end_ns,
  name,
  work_count
FROM clipped
WHERE name IS NOT NULL
