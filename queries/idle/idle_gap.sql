-- idle_gap: every gap in which a device did nothing, with the time of each of ten causes.
--
-- Why:     the longest gaps are where to look first, and each names the event that ended it.
-- Grain:   one row per (trace_id, device_id, gap_id)
-- Inputs:  idle_part
-- Texts:   main_cause
-- Columns:
--   trace_id            trace.trace_id
--   device_id           device.device_id
--   gap_id              number of the gap on its device, from 1
--   start_ns            ns, where the last event before it ended
--   gap_ns              ns
--   kernel_id           see idle_part
--   copy_id             see idle_part
--   call_id             see idle_part
--   host_sync_ns        ns in which the launching thread waited for the device
--   host_memory_ns      ns in which it allocated or freed memory
--   host_runtime_ns     ns in which it was in another runtime or driver call
--   host_dataloader_ns  ns in which it loaded data
--   host_operator_ns    ns in which it ran an operator
--   host_other_ns       ns in which it ran Python, or nothing was recorded
--   launch_ns           ns in the call that launched the next event
--   device_ns           ns after that call, before the event started
--   graph_ns            ns between two events of one call
--   unlinked_ns         ns before an event whose call is unknown
--   main_cause          the cause with most of the gap
--   is_suspect          true if device_ns is over 1 ms: the device did something that was not
--                       recorded
-- Never:   WHERE host_sync_ns + host_memory_ns + host_runtime_ns + host_dataloader_ns
--          + host_operator_ns + host_other_ns + launch_ns + device_ns + graph_ns + unlinked_ns
--          <> gap_ns
WITH caused AS (
  SELECT
    trace_id,
    device_id,
    gap_start_ns,
    gap_end_ns,
    kernel_id,
    copy_id,
    call_id,
    cause,
    end_ns - start_ns AS part_ns,
    list_position([
      'host_sync', 'host_memory', 'host_runtime', 'host_dataloader', 'host_operator', 'host_other',
      'launch', 'device', 'graph', 'unlinked'
    ], cause) AS place
  FROM idle_part
),

gap AS (
  SELECT
    trace_id,
    device_id,
    gap_start_ns AS start_ns,
    any_value(gap_end_ns) - gap_start_ns AS gap_ns,
    any_value(kernel_id) AS kernel_id,
    any_value(copy_id) AS copy_id,
    any_value(call_id) AS call_id,
    [
      cast(coalesce(sum(part_ns) FILTER (WHERE place = 1), 0) AS BIGINT),
      cast(coalesce(sum(part_ns) FILTER (WHERE place = 2), 0) AS BIGINT),
      cast(coalesce(sum(part_ns) FILTER (WHERE place = 3), 0) AS BIGINT),
      cast(coalesce(sum(part_ns) FILTER (WHERE place = 4), 0) AS BIGINT),
      cast(coalesce(sum(part_ns) FILTER (WHERE place = 5), 0) AS BIGINT),
      cast(coalesce(sum(part_ns) FILTER (WHERE place = 6), 0) AS BIGINT),
      cast(coalesce(sum(part_ns) FILTER (WHERE place = 7), 0) AS BIGINT),
      cast(coalesce(sum(part_ns) FILTER (WHERE place = 8), 0) AS BIGINT),
      cast(coalesce(sum(part_ns) FILTER (WHERE place = 9), 0) AS BIGINT),
      cast(coalesce(sum(part_ns) FILTER (WHERE place = 10), 0) AS BIGINT)
    ] AS parts
  FROM caused
  GROUP BY trace_id, device_id, gap_start_ns
)

SELECT
  trace_id,
  device_id,
  row_number() OVER (PARTITION BY trace_id, device_id ORDER BY start_ns) AS gap_id,
  start_ns,
  gap_ns,
  kernel_id,
  copy_id,
  call_id,
  parts[1] AS host_sync_ns,
  parts[2] AS host_memory_ns,
  parts[3] AS host_runtime_ns,
  parts[4] AS host_dataloader_ns,
  parts[5] AS host_operator_ns,
  parts[6] AS host_other_ns,
  parts[7] AS launch_ns,
  parts[8] AS device_ns,
  parts[9] AS graph_ns,
  parts[10] AS unlinked_ns,
  [
    'host_sync', 'host_memory', 'host_runtime', 'host_dataloader', 'host_operator', 'host_other',
    'launch', 'device', 'graph', 'unlinked'
  ][list_position(parts, list_max(parts))] AS main_cause,
  parts[8] > 1000000 AS is_suspect
FROM gap
