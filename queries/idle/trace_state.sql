-- trace_state: what a trace was doing at each moment: the first of seven activities that applies.
--
-- Why:     what the host does while the device computes costs nothing, so the device comes first.
-- Grain:   one row per (trace_id, start_ns) at which the activity changes
-- Inputs:  device_event, kernel, gpu_copy, kernel_category, runtime_call, cpu_op, cpu_op_parent,
--          annotation, open_layer
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   start_ns  ns from the trace's base
--   end_ns    ns, where the next row starts
--   state     'kernel' (that does not communicate) | 'memcpy' | 'memset' | 'communication' |
--             'runtime' (a call of any thread) | 'dataloader' | 'cpu_op' | 'other'
-- Never:   WHERE end_ns <= start_ns
WITH
-- traces of 2021 have the profiler's steps among the operators
step_op AS (
  SELECT trace_id, op_id FROM cpu_op
  WHERE starts_with(name, 'ProfilerStep#')
),

host AS (
  SELECT trace_id, 4 AS layer, start_ns, start_ns + dur_ns AS end_ns FROM runtime_call
  UNION ALL
  SELECT trace_id, 5 AS layer, start_ns, start_ns + dur_ns AS end_ns FROM cpu_op
  WHERE starts_with(name, 'enumerate(DataLoader)')
  UNION ALL
  SELECT trace_id, 5 AS layer, start_ns, start_ns + dur_ns AS end_ns FROM annotation
  WHERE kind = 'user' AND starts_with(name, 'enumerate(DataLoader)')
  UNION ALL
  -- the union of all operators is that of the outermost ones
  SELECT
    parent.trace_id,
    6 AS layer,
    cpu_op.start_ns,
    parent.end_ns
  FROM cpu_op_parent AS parent
  INNER JOIN cpu_op USING (trace_id, op_id)
  LEFT JOIN step_op ON parent.trace_id = step_op.trace_id AND parent.parent_op_id = step_op.op_id
  WHERE
    (parent.depth = 0 OR step_op.op_id IS NOT NULL)
    AND NOT starts_with(cpu_op.name, 'ProfilerStep#')
),

layer AS (
  SELECT
    event.trace_id,
    0 AS track,
    CASE
      WHEN gpu_copy.kind = 'memset' THEN 2
      WHEN event.copy_id IS NOT NULL THEN 1
      WHEN kernel_category.category = 'communication' THEN 3
      ELSE 0
    END AS layer,
    event.start_ns,
    event.end_ns
  FROM device_event AS event
  LEFT JOIN gpu_copy USING (trace_id, copy_id)
  LEFT JOIN kernel USING (trace_id, kernel_id)
  LEFT JOIN kernel_category
    ON event.trace_id = kernel_category.trace_id AND kernel.name = kernel_category.name
  UNION ALL
  SELECT
    trace_id,
    0 AS track,
    layer,
    start_ns,
    end_ns
  FROM host
)

SELECT
  trace_id,
  start_ns,
  end_ns,
  CASE
    WHEN layers & 1 > 0 THEN 'kernel'
    WHEN layers & 2 > 0 THEN 'memcpy'
    WHEN layers & 4 > 0 THEN 'memset'
    WHEN layers & 8 > 0 THEN 'communication'
    WHEN layers & 16 > 0 THEN 'runtime'
    WHEN layers & 32 > 0 THEN 'dataloader'
    WHEN layers & 64 > 0 THEN 'cpu_op'
    ELSE 'other'
  END AS state
FROM open_layer('layer')
WHERE end_ns IS NOT NULL
