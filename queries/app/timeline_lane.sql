-- timeline_lane: the slices of a trace's lanes: component, step, class, kind of attention.
--
-- Why:     a lane shows what only genscope knows, as one slice as long as the value stays the same
--          from one work item to the next.
-- Grain:   one row per run of equal values of a lane; a lane's slices don't overlap
-- Inputs:  timeline_work, timeline_line
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   trace_id  trace.trace_id
--   line      timeline_line.line
--   start_ns  ns from the trace's base
--   end_ns    ns, later than start_ns
--   colour    of a class, see timeline_work; 11 for a value of another lane
--   label_id  timeline_label.label_id
--   ref       the first work_id
WITH begun AS (
  SELECT
    *,
    coalesce(lag(component_id) OVER asked, -1) AS before_component,
    coalesce(lag(step_id) OVER asked, -1) AS before_step,
    coalesce(lag(category_id) OVER asked, -1) AS before_category,
    coalesce(lag(kind_id) OVER asked, -1) AS before_kind,
    max(end_ns) OVER (
      PARTITION BY device_id ORDER BY start_ns, work_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reach_ns
  FROM timeline_work
  WHERE trace_id = of_trace
  WINDOW asked AS (PARTITION BY device_id ORDER BY start_ns, work_id)
),

changed AS (
  SELECT
    'component' AS kind,
    device_id,
    work_id,
    start_ns,
    reach_ns,
    colour,
    component_id AS label_id
  FROM begun
  WHERE coalesce(component_id, -1) <> before_component
  UNION ALL
  SELECT
    'step' AS kind,
    device_id,
    work_id,
    start_ns,
    reach_ns,
    colour,
    step_id AS label_id
  FROM begun
  WHERE coalesce(step_id, -1) <> before_step
  UNION ALL
  SELECT
    'category' AS kind,
    device_id,
    work_id,
    start_ns,
    reach_ns,
    colour,
    category_id AS label_id
  FROM begun
  WHERE coalesce(category_id, -1) <> before_category
  UNION ALL
  SELECT
    'attention' AS kind,
    device_id,
    work_id,
    start_ns,
    reach_ns,
    colour,
    kind_id AS label_id
  FROM begun
  WHERE coalesce(kind_id, -1) <> before_kind
),

-- a value lasts until the next one begins, or until all work that began before has ended
lasting AS (
  SELECT
    kind,
    device_id,
    label_id,
    colour,
    work_id,
    start_ns,
    least(lead(start_ns) OVER lane, lead(reach_ns) OVER lane) AS next_ns
  FROM changed
  WINDOW lane AS (PARTITION BY kind, device_id ORDER BY start_ns, work_id)
),

final_end AS (
  SELECT
    device_id,
    max(end_ns) AS end_ns
  FROM timeline_work
  WHERE trace_id = of_trace
  GROUP BY device_id
)

SELECT
  of_trace AS trace_id,
  line.line,
  lasting.start_ns,
  greatest(lasting.start_ns + 1, coalesce(lasting.next_ns, final_end.end_ns)) AS end_ns,
  cast(if(line.kind = 'category', lasting.colour, 11) AS UTINYINT) AS colour,
  lasting.label_id,
  lasting.work_id AS ref
FROM lasting
INNER JOIN timeline_line AS line USING (kind, device_id)
INNER JOIN final_end USING (device_id)
WHERE line.trace_id = of_trace AND lasting.label_id IS NOT NULL
