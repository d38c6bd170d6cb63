-- data_movement: time and bytes of gathering and of copying, apart, by component.
--
-- Why:     rows read and written by index cost what they touch, at random places, and no kernel
--          makes that faster; a copy can often be left out. Recommenders and sparse layers gather.
-- Grain:   one row per (trace_id, component, movement)
-- Inputs:  trace, work, work_category, work_component, work_cost
-- Needs:   work
-- Key:     trace_name, component, movement, work_count, work_ns, work_frac, bytes
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   time_source      'gpu' | 'cpu' | 'predicted': where the times come from
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   component        see work_component
--   movement         'gather' (reads or writes rows by index: gather, scatter, index, embedding) |
--                    'copy' (the rest of the category: layouts, joins, fills, casts, transfers)
--   work_count       work items
--   work_ns          ns, sum of durations; concurrent work counts twice
--   work_frac        0..1 of the trace's work_ns
--   bytes            bytes read and written by operators with known shapes; NULL if there are none
--   unknown_count    work items whose bytes are unknown
-- Never:   WHERE work_frac > 1 + 1e-9
-- Plot:    Time of gathering and of copying
WITH moved AS (
  SELECT
    trace_id,
    work_id,
    if(category = 'embedding' OR rule = 'gather', 'gather', 'copy') AS movement
  FROM work_category
  WHERE category IN ('copy', 'embedding')
),

whole AS (
  SELECT trace_id, sum(dur_ns) AS work_ns FROM work
  GROUP BY trace_id
)

SELECT
  work.trace_id,
  any_value(trace.name) AS trace_name,
  any_value(work.time_source) AS time_source,
  any_value(trace.time_low_ratio) AS time_low_ratio,
  any_value(trace.time_high_ratio) AS time_high_ratio,
  work_component.component,
  moved.movement,
  count(*) AS work_count,
  try_cast(sum(work.dur_ns) AS BIGINT) AS work_ns,
  sum(work.dur_ns) / nullif(any_value(whole.work_ns), 0) AS work_frac,
  try_cast(sum(work_cost.bytes) AS BIGINT) AS bytes,
  count(*) FILTER (work_cost.bytes IS NULL) AS unknown_count
FROM moved
INNER JOIN work USING (trace_id, work_id)
INNER JOIN work_component USING (trace_id, work_id)
INNER JOIN work_cost USING (trace_id, work_id)
INNER JOIN whole USING (trace_id)
INNER JOIN trace USING (trace_id)
GROUP BY work.trace_id, work_component.component, moved.movement
ORDER BY work.trace_id ASC, work_ns DESC, work_component.component ASC, moved.movement ASC
