-- host_state: what each thread that a device waited for was in, at each moment.
--
-- Why:     while a device is idle and has not been asked for work, the reason is on the thread that
--          asks next: it waits, allocates, calls, loads data or runs an operator.
-- Grain:   one row per (trace_id, track, start_ns) at which the state of a thread changes; only
--          threads whose call ended a gap, and began in it
-- Inputs:  host_activity, device_gap, open_layer
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   track     process and thread
--   start_ns  ns; the state holds until the next row of the track
--   state     the first that applies: 'host_sync' (a call that waits for the device) |
--             'host_memory' (allocates or frees) | 'host_runtime' (any other call) |
--             'host_dataloader' | 'host_operator' | 'host_other' (Python, or nothing recorded)
WITH launching AS (
  SELECT DISTINCT trace_id, track FROM device_gap
  WHERE whole_cause IS NULL AND host_end_ns > gap_start_ns
),

of_launching AS (
  FROM host_activity SEMI JOIN launching USING (trace_id, track)
  WHERE layer < 6
)

SELECT
  trace_id,
  track,
  start_ns,
  CASE
    WHEN layers & 1 > 0 THEN 'host_sync'
    WHEN layers & 2 > 0 THEN 'host_memory'
    WHEN layers & 4 > 0 THEN 'host_runtime'
    WHEN layers & 8 > 0 THEN 'host_dataloader'
    WHEN layers & 48 > 0 THEN 'host_operator'
    ELSE 'host_other'
  END AS state
FROM open_layer('of_launching')
