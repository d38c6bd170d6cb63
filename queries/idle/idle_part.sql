-- idle_part: every stretch of time in which a device was idle, by cause.
--
-- Why:     a gap has several causes one after the other: the host does something else, then calls,
--          then the device gets ready. The cause on the host is seen on the thread that launches
--          the event after the gap; what other threads did meanwhile is not looked at.
-- Grain:   one row per stretch of one cause in one gap of a device
-- Inputs:  device_gap, host_state
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   device_id     device.device_id
--   gap_start_ns  see device_gap
--   gap_end_ns    see device_gap
--   kernel_id     see device_gap
--   copy_id       see device_gap
--   call_id       see device_gap
--   start_ns      ns
--   end_ns        ns
--   cause         before the call starts, a state of host_state; 'launch' (in the call) | 'device'
--                 (the call returned, and the device had not started) | 'graph' (between events of
--                 one call) | 'unlinked' (the call is unknown)
-- Never:   WHERE end_ns <= start_ns OR start_ns < gap_start_ns OR end_ns > gap_end_ns
WITH
-- read once: a view that is named twice is computed twice
gap AS MATERIALIZED (
  FROM device_gap
),

thread_state AS MATERIALIZED (
  FROM host_state
),

-- the host's part of a gap, cut below where the state of its thread changes
host AS (
  FROM gap
  WHERE whole_cause IS NULL AND host_end_ns > gap_start_ns
),

launcher AS (
  SELECT DISTINCT trace_id, track, device_id FROM host
),

state AS (
  SELECT
    thread_state.trace_id,
    thread_state.track,
    launcher.device_id,
    thread_state.start_ns,
    thread_state.state
  FROM thread_state
  INNER JOIN launcher USING (trace_id, track)
),

cut AS (
  SELECT host.*, host.gap_start_ns AS start_ns, coalesce(thread_state.state, 'host_other') AS cause
  FROM host
  ASOF LEFT JOIN thread_state
    ON
      host.trace_id = thread_state.trace_id
      AND host.track = thread_state.track
      AND host.gap_start_ns >= thread_state.start_ns
  UNION ALL
  SELECT host.*, state.start_ns, state.state AS cause
  FROM state
  ASOF INNER JOIN host
    ON
      state.trace_id = host.trace_id
      AND state.track = host.track
      AND state.device_id = host.device_id
      AND state.start_ns > host.gap_start_ns
  WHERE state.start_ns < host.host_end_ns
),

part AS (
  SELECT
    * EXCLUDE (start_ns, cause),
    start_ns,
    lead(start_ns, 1, host_end_ns) OVER (
      PARTITION BY trace_id, device_id, gap_start_ns ORDER BY start_ns
    ) AS end_ns,
    cause
  FROM cut
  UNION ALL
  SELECT *, host_end_ns AS start_ns, launch_end_ns AS end_ns, 'launch' AS cause FROM gap
  WHERE whole_cause IS NULL AND launch_end_ns > host_end_ns
  UNION ALL
  SELECT *, launch_end_ns AS start_ns, gap_end_ns AS end_ns, 'device' AS cause FROM gap
  WHERE whole_cause IS NULL AND gap_end_ns > launch_end_ns
  UNION ALL
  SELECT *, gap_start_ns AS start_ns, gap_end_ns AS end_ns, whole_cause AS cause FROM gap
  WHERE whole_cause IS NOT NULL
)

SELECT
  trace_id,
  device_id,
  gap_start_ns,
  gap_end_ns,
  kernel_id,
  copy_id,
  call_id,
  start_ns,
  end_ns,
  cause
FROM part
