-- device_gap: every gap in which a device did nothing, and the event that ended it.
--
-- Why:     the next event's call says what the device was waiting for. An event without length ends
--          a gap too. Streams that wait for one another make no gap.
-- Grain:   one row per maximal stretch, between the first and the last event of a device, in which
--          nothing runs on any of its streams
-- Inputs:  device_event
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   device_id      device.device_id
--   gap_start_ns   ns, where the device became idle
--   gap_end_ns     ns, where its next event starts
--   kernel_id      the event that ends the gap, if it is a kernel; of several at one moment, the
--                  one that was called first
--   copy_id        the event that ends the gap, if it is a copy
--   call_id        its call; NULL if unknown
--   track          process and thread of the call
--   whole_cause    the cause of all of the gap: 'unlinked' (the call is unknown) | 'graph' (its
--                  call had started an event on this device before); NULL if there are several
--   host_end_ns    ns, until which the call had not begun, within the gap
--   launch_end_ns  ns, until which the call had not returned, within the gap
-- Never:   WHERE NOT (gap_start_ns <= host_end_ns AND host_end_ns <= launch_end_ns
--          AND launch_end_ns <= gap_end_ns AND gap_start_ns < gap_end_ns)
WITH followed AS (
  SELECT
    *,
    max(end_ns) OVER (
      PARTITION BY trace_id, device_id
      ORDER BY start_ns, call_start_ns NULLS LAST, copy_id NULLS FIRST, kernel_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS gap_start_ns
  FROM device_event
),

begun AS (
  SELECT trace_id, device_id, call_id, min(start_ns) AS call_first_ns FROM device_event
  WHERE call_id IS NOT NULL
  GROUP BY trace_id, device_id, call_id
)

SELECT
  trace_id,
  device_id,
  followed.gap_start_ns,
  followed.start_ns AS gap_end_ns,
  followed.kernel_id,
  followed.copy_id,
  call_id,
  followed.track,
  CASE
    WHEN call_id IS NULL THEN 'unlinked'
    WHEN begun.call_first_ns < followed.start_ns THEN 'graph'
  END AS whole_cause,
  greatest(gap_start_ns, least(followed.call_start_ns, followed.start_ns)) AS host_end_ns,
  greatest(gap_start_ns, least(followed.call_end_ns, followed.start_ns)) AS launch_end_ns
FROM followed
LEFT JOIN begun USING (trace_id, device_id, call_id)
WHERE followed.start_ns > followed.gap_start_ns
