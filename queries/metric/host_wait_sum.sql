-- host_wait_sum: how long the host waited for the devices of a trace, and how idle those were.
--
-- Why:     waiting for a busy device costs nothing by itself; waiting for an idle one does.
-- Grain:   one row per trace with runtime or driver calls
-- Inputs:  trace, runtime_call, host_wait, waiting_call, interval_union
-- Needs:   call
-- Key:     trace_name, wait_count, wait_ns, device_busy_ns, device_idle_ns, copy_wait_ns
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   wait_count       synchronisations, and copies that held the host
--   wait_ns          ns, sum of their lengths; threads that wait at the same time count twice
--   wait_union_ns    ns in which a thread waited, summed over threads
--   device_busy_ns   see host_wait
--   device_idle_ns   see host_wait
--   copy_wait_count  copies that held the host
--   copy_wait_ns     ns, sum of their lengths
--   poll_count       event and stream queries; they are in no sum above
--   poll_ns          ns, sum of their lengths
--   free_count       calls that free memory, which may wait inside; they are in no sum above
--   free_ns          ns, sum of their lengths
--   nested_count     waits within a wait of the same thread, which are one wait recorded twice
-- Never:   WHERE wait_union_ns > wait_ns OR device_busy_ns + device_idle_ns <> wait_ns
-- Plot:    How long the host waits
WITH called AS (
  SELECT DISTINCT trace_id FROM runtime_call
),

held AS (
  SELECT trace_id, track, start_ns, end_ns FROM waiting_call
  WHERE kind IN ('explicit', 'copy')
),

covered AS (
  SELECT trace_id, sum(end_ns - start_ns) AS union_ns
  FROM interval_union('held')
  GROUP BY trace_id
),

nested AS (
  SELECT trace_id, count(*) AS nested_count FROM waiting_call
  WHERE is_nested AND kind IN ('explicit', 'copy')
  GROUP BY trace_id
),

summed AS (
  SELECT
    trace_id,
    count(*) FILTER (WHERE kind IN ('explicit', 'copy')) AS wait_count,
    sum(wait_ns) FILTER (WHERE kind IN ('explicit', 'copy')) AS wait_ns,
    sum(device_busy_ns) FILTER (WHERE kind IN ('explicit', 'copy')) AS busy_ns,
    count(*) FILTER (WHERE kind = 'copy') AS copy_wait_count,
    sum(wait_ns) FILTER (WHERE kind = 'copy') AS copy_wait_ns,
    count(*) FILTER (WHERE kind = 'poll') AS poll_count,
    sum(wait_ns) FILTER (WHERE kind = 'poll') AS poll_ns,
    count(*) FILTER (WHERE kind = 'free') AS free_count,
    sum(wait_ns) FILTER (WHERE kind = 'free') AS free_ns
  FROM host_wait
  GROUP BY trace_id
)

SELECT
  trace_id,
  trace.name AS trace_name,
  coalesce(summed.wait_count, 0) AS wait_count,
  try_cast(coalesce(summed.wait_ns, 0) AS BIGINT) AS wait_ns,
  try_cast(coalesce(covered.union_ns, 0) AS BIGINT) AS wait_union_ns,
  try_cast(coalesce(summed.busy_ns, 0) AS BIGINT) AS device_busy_ns,
  try_cast(coalesce(summed.wait_ns - summed.busy_ns, 0) AS BIGINT) AS device_idle_ns,
  coalesce(summed.copy_wait_count, 0) AS copy_wait_count,
  try_cast(coalesce(summed.copy_wait_ns, 0) AS BIGINT) AS copy_wait_ns,
  coalesce(summed.poll_count, 0) AS poll_count,
  try_cast(coalesce(summed.poll_ns, 0) AS BIGINT) AS poll_ns,
  coalesce(summed.free_count, 0) AS free_count,
  try_cast(coalesce(summed.free_ns, 0) AS BIGINT) AS free_ns,
  coalesce(nested.nested_count, 0) AS nested_count
FROM called
INNER JOIN trace USING (trace_id)
LEFT JOIN summed USING (trace_id)
LEFT JOIN covered USING (trace_id)
LEFT JOIN nested USING (trace_id)
ORDER BY trace_id
