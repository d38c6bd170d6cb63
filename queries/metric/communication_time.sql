-- communication_time: how long collectives take, by kind and size.
--
-- Why:     the rate says whether a collective is limited by the network, but only where little of
--          its time is waiting; see rank_skew.
-- Grain:   one row per (trace_id, kernel_class, collective, source, group_size, message_bytes)
-- Inputs:  trace, communication
-- Needs:   kernel
-- Key:     trace_name, collective, group_size, message_bytes, kernel_count, kernel_ns,
--          algbw_bytes_per_s, busbw_bytes_per_s
-- Columns:
--   trace_id           trace.trace_id
--   trace_name         trace.name
--   kernel_class       see communication
--   collective         see communication
--   source             see communication
--   group_size         see communication
--   message_bytes      see communication
--   kernel_count       kernels
--   kernel_ns          ns, sum of their durations
--   min_ns             ns
--   p50_ns             ns, median, a measured value
--   max_ns             ns
--   algbw_bytes_per_s  bytes of all messages by kernel_ns; NULL if the size is unknown
--   busbw_bytes_per_s  bus bandwidth, see communication; NULL if group or size is unknown
-- Never:   WHERE min_ns > p50_ns OR p50_ns > max_ns OR kernel_ns < max_ns
-- Plot:    Time of collectives
SELECT
  trace_id,
  trace.name AS trace_name,
  communication.kernel_class,
  communication.collective,
  communication.source,
  communication.group_size,
  communication.message_bytes,
  count(*) AS kernel_count,
  cast(sum(communication.dur_ns) AS BIGINT) AS kernel_ns,
  min(communication.dur_ns) AS min_ns,
  quantile_disc(communication.dur_ns, 0.5) AS p50_ns,
  max(communication.dur_ns) AS max_ns,
  1e9 * message_bytes * kernel_count / nullif(kernel_ns, 0) AS algbw_bytes_per_s,
  sum(communication.busbw_bytes_per_s * communication.dur_ns) / nullif(kernel_ns, 0)
    AS busbw_bytes_per_s
FROM communication
INNER JOIN trace USING (trace_id)
GROUP BY
  trace_id,
  trace.name,
  communication.kernel_class,
  communication.collective,
  communication.source,
  communication.group_size,
  communication.message_bytes
ORDER BY trace_id, kernel_ns DESC, collective, group_size, message_bytes
