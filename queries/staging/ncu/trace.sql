-- trace: the one row of an Nsight Compute result.
--
-- Why:     every number must be traceable to its file.
-- Grain:   one row
-- Inputs:  trace_file, device, ncu_metric, ncu_reader_anomaly
-- Columns:
--   trace_id        trace.trace_id
--   name            short label
--   path            absolute path
--   digest          BLAKE3 digest of the file's bytes
--   size_bytes      size of the file on disk, in bytes
--   format          'ncu'
--   producer        'Nsight Compute'; the file does not give a version
--   model           from the manifest
--   family          from the manifest
--   attention       from the manifest
--   profiler        from the manifest, else 'ncu'
--   predicted       from the manifest, else false
--   manifest        JSON
--   device_name     of the first device with a name, else from the manifest
--   base_unix_ns    NULL, because there is no common clock
--   resolution_ns   1
--   complete        false if rows were cut
--   event_count     metrics in the file, without those in cut rows
--   repaired_count  0
--   skipped_count   rows that were cut
WITH cut AS (
  SELECT coalesce(sum(count), 0)::BIGINT AS row_count
  FROM ncu_reader_anomaly
  WHERE kind = 'cut_row'
)

SELECT
  trace_file.trace_id,
  trace_file.name,
  trace_file.path,
  trace_file.digest,
  trace_file.size_bytes,
  'ncu' AS format,
  'Nsight Compute' AS producer,
  trace_file.model,
  trace_file.family,
  trace_file.attention,
  coalesce(trace_file.profiler, 'ncu') AS profiler,
  coalesce(trace_file.predicted, FALSE) AS predicted,
  trace_file.manifest,
  (SELECT arg_min(name, device_id) FROM device) AS device_name,
  cast(NULL AS BIGINT) AS base_unix_ns,
  1 AS resolution_ns,
  cut.row_count = 0 AS complete,
  (SELECT count(*) FROM ncu_metric) AS event_count,
  0 AS repaired_count,
  cut.row_count AS skipped_count
FROM trace_file
CROSS JOIN cut
