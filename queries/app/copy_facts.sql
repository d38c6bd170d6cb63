-- copy_facts: what is known of one memory copy or fill.
--
-- Why:     its size and its direction say whether it was as fast as the link allows.
-- Grain:   one row
-- Inputs:  gpu_copy
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
--   of_copy BIGINT = 1   gpu_copy.copy_id
-- Columns:
--   name             as recorded
--   start_ns         ns from the trace's base
--   dur_ns           ns
--   device_id        device.device_id
--   stream_id        stream
--   kind             see gpu_copy
--   host_memory      see gpu_copy
--   size_bytes       bytes
--   bytes_per_s      bytes per second; NULL if the size is unknown
SELECT
  name,
  start_ns,
  dur_ns,
  device_id,
  stream_id,
  kind,
  host_memory,
  size_bytes,
  size_bytes / nullif(dur_ns, 0) * 1e9 AS bytes_per_s
FROM gpu_copy
WHERE trace_id = of_trace AND copy_id = of_copy
