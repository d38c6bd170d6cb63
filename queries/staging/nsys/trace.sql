-- trace: the one row of an Nsight Systems export.
--
-- Why:     every number must be traceable to its file, and show how far the file can be trusted.
-- Grain:   one row
-- Inputs:  trace_file, kernel, gpu_copy, device, nsys_session, nsys_system, nsys_export_option,
--          nsys_table, nsys_anomaly, nsys_reader_anomaly
-- Columns:
--   trace_id        trace.trace_id
--   name            short label
--   path            absolute path
--   digest          BLAKE3 digest of the file's bytes
--   size_bytes      size of the file on disk, in bytes
--   format          'nsys'
--   producer        program and version that wrote the export; NULL in very old exports
--   model           from the manifest
--   family          from the manifest
--   attention       from the manifest
--   profiler        from the manifest, else 'nsys'
--   predicted       from the manifest, else false
--   manifest        JSON
--   device_name     name of the device with most device events, else from the manifest
--   base_unix_ns    start of the session, the zero of all times
--   resolution_ns   1
--   host            machine that recorded it; NULL if several did
--   complete        true, because a file that was cut short is refused
--   event_count     rows of the tables of kernels, copies, calls, ranges, graphs, allocations
--   repaired_count  values that were repaired
--   skipped_count   events without a start
WITH
busiest AS (
  SELECT arg_max(device.name, found.event_count) AS device_name
  FROM (
    SELECT
      device_id,
      count(*) AS event_count
    FROM (
      SELECT device_id FROM kernel
      UNION ALL
      SELECT device_id FROM gpu_copy
    ) AS event
    GROUP BY device_id
  ) AS found
  INNER JOIN device USING (device_id)
),

option AS (
  SELECT
    max(value) FILTER (WHERE name = 'EXPORT_PRODUCT_NAME') AS product,
    max(value) FILTER (WHERE name = 'EXPORT_PRODUCT_VERSION') AS version
  FROM nsys_export_option
)

SELECT
  trace_file.trace_id,
  trace_file.name,
  trace_file.path,
  trace_file.digest,
  trace_file.size_bytes,
  'nsys' AS format,
  nullif(concat_ws(' ', option.product, option.version), '') AS producer,
  trace_file.model,
  trace_file.family,
  trace_file.attention,
  coalesce(trace_file.profiler, 'nsys') AS profiler,
  coalesce(trace_file.predicted, FALSE) AS predicted,
  trace_file.manifest,
  coalesce(busiest.device_name, trace_file.device_name) AS device_name,
  (SELECT min(utc_epoch_ns) FROM nsys_session) AS base_unix_ns,
  1 AS resolution_ns,
  (SELECT if(count(DISTINCT value) = 1, any_value(value), NULL) FROM nsys_system) AS host,
  NOT EXISTS (
    SELECT 1 FROM nsys_reader_anomaly
    WHERE kind = 'no_export_metadata'
  ) AS complete,
  (
    SELECT coalesce(sum(row_count), 0)::BIGINT
    FROM nsys_table
    WHERE name IN (
      'nsys_kernel', 'nsys_memcpy', 'nsys_memset', 'nsys_runtime', 'nsys_nvtx', 'nsys_graph_trace',
      'nsys_memory_usage'
    )
  ) AS event_count,
  (
    SELECT coalesce(sum(count), 0)::BIGINT
    FROM nsys_reader_anomaly
    WHERE kind IN ('invalid_utf8', 'mixed_type')
  ) AS repaired_count,
  (
    SELECT coalesce(sum(count), 0)::BIGINT FROM nsys_anomaly
    WHERE kind = 'no_start')
    AS skipped_count
FROM busiest
CROSS JOIN option
CROSS JOIN trace_file
