-- step_idle: how long the device was idle in each window of step_window, by cause.
--
-- Why:     gaps are cut at the window's edges. Many short gaps and a few long ones need different
--          changes, so the host's causes in short gaps are added up separately.
-- Grain:   one row per (trace_id, basis, start_ns, end_ns) of step_window in a trace of one device,
--          if the device was idle in it
-- Inputs:  idle_part, step_window, device_event, window_time
-- Columns:
--   trace_id            trace.trace_id
--   basis               see step_window
--   start_ns            see step_window
--   end_ns              see step_window
--   host_sync_ns        see idle_gap
--   host_memory_ns      see idle_gap
--   host_runtime_ns     see idle_gap
--   host_dataloader_ns  see idle_gap
--   host_operator_ns    see idle_gap
--   host_other_ns       see idle_gap
--   launch_ns           see idle_gap
--   device_ns           see idle_gap
--   graph_ns            see idle_gap
--   unlinked_ns         see idle_gap
--   host_in_short_ns    ns of host_runtime_ns, host_operator_ns, host_other_ns and launch_ns in
--                       gaps below 1 ms
-- Never:   WHERE host_in_short_ns > host_runtime_ns + host_operator_ns + host_other_ns + launch_ns
WITH single AS (
  SELECT trace_id
  FROM device_event
  GROUP BY trace_id
  HAVING min(device_id) = max(device_id)
),

part AS (
  SELECT
    trace_id,
    cause || if(gap_end_ns - gap_start_ns < 1000000, ' short', '') AS state,
    start_ns,
    end_ns
  FROM idle_part
  SEMI JOIN single USING (trace_id)
),

step AS (
  SELECT trace_id, basis AS series, start_ns, end_ns FROM step_window
),

spent AS (
  SELECT
    trace_id,
    series,
    window_start_ns,
    window_end_ns,
    split_part(state, ' ', 1) AS cause,
    contains(state, ' ') AS is_short,
    state_ns
  FROM window_time('part', 'step')
)

SELECT
  trace_id,
  series AS basis,
  window_start_ns AS start_ns,
  window_end_ns AS end_ns,
  cast(coalesce(sum(state_ns) FILTER (WHERE cause = 'host_sync'), 0) AS BIGINT) AS host_sync_ns,
  cast(coalesce(sum(state_ns) FILTER (WHERE cause = 'host_memory'), 0) AS BIGINT) AS host_memory_ns,
  cast(coalesce(sum(state_ns) FILTER (WHERE cause = 'host_runtime'), 0) AS BIGINT)
    AS host_runtime_ns,
  cast(coalesce(sum(state_ns) FILTER (WHERE cause = 'host_dataloader'), 0) AS BIGINT)
    AS host_dataloader_ns,
  cast(coalesce(sum(state_ns) FILTER (WHERE cause = 'host_operator'), 0) AS BIGINT)
    AS host_operator_ns,
  cast(coalesce(sum(state_ns) FILTER (WHERE cause = 'host_other'), 0) AS BIGINT) AS host_other_ns,
  cast(coalesce(sum(state_ns) FILTER (WHERE cause = 'launch'), 0) AS BIGINT) AS launch_ns,
  cast(coalesce(sum(state_ns) FILTER (WHERE cause = 'device'), 0) AS BIGINT) AS device_ns,
  cast(coalesce(sum(state_ns) FILTER (WHERE cause = 'graph'), 0) AS BIGINT) AS graph_ns,
  cast(coalesce(sum(state_ns) FILTER (WHERE cause = 'unlinked'), 0) AS BIGINT) AS unlinked_ns,
  cast(coalesce(sum(state_ns) FILTER (
    WHERE is_short AND cause IN ('host_runtime', 'host_operator', 'host_other', 'launch')
  ), 0) AS BIGINT) AS host_in_short_ns
FROM spent
GROUP BY trace_id, series, window_start_ns, window_end_ns
