-- trace_state: what a trace was doing at each moment: the first of seven activities that applies.
--
-- Why:     what the host does while the device computes costs nothing, so the device comes first.
-- Grain:   one row per (trace_id, start_ns) at which the activity changes
-- Inputs:  trace_activity, open_layer
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   start_ns  ns from the trace's base
--   end_ns    ns, where the next row starts
--   state     'kernel' (that does not communicate) | 'memcpy' | 'memset' | 'communication' |
--             'runtime' (a call of any thread) | 'dataloader' | 'cpu_op' | 'other'
-- Never:   WHERE end_ns <= start_ns
WITH layer AS (
  SELECT *, 0 AS track FROM trace_activity
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
