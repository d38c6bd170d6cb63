-- trace: the one row of a memory snapshot.
--
-- Why:     every number must be traceable to its file. The manifest stays with the trace of the
--          same run: here it would make the run's measurements count twice.
-- Grain:   one row
-- Inputs:  trace_file, memory_snapshot_entry, memory_snapshot_block, memory_snapshot_reader_anomaly
-- Columns:
--   trace_id        trace.trace_id
--   name            short label
--   path            absolute path
--   digest          BLAKE3 digest of the file's bytes
--   size_bytes      size of the file on disk, in bytes
--   format          'memory_snapshot'
--   producer        'PyTorch'; the file does not give a version
--   profiler        'torch'
--   predicted       false
--   device_name     from the manifest
--   base_unix_ns    ns since 1970 of the first entry; NULL if its time counts from elsewhere
--   resolution_ns   1000
--   complete        true
--   event_count     entries of the history and blocks
--   repaired_count  0
--   skipped_count   entries and blocks that could not be read
WITH entry AS (
  SELECT count(*) AS entry_count, min(time_us) AS first_us
  FROM memory_snapshot_entry
)

SELECT
  trace_file.trace_id,
  trace_file.name,
  trace_file.path,
  trace_file.digest,
  trace_file.size_bytes,
  'memory_snapshot' AS format,
  'PyTorch' AS producer,
  'torch' AS profiler,
  FALSE AS predicted,
  trace_file.device_name,
  -- PyTorch had no snapshots before 2001
  CASE WHEN entry.first_us > 1000000000000000 THEN entry.first_us * 1000 END AS base_unix_ns,
  1000 AS resolution_ns,
  TRUE AS complete,
  entry.entry_count + (SELECT count(*) FROM memory_snapshot_block) AS event_count,
  0 AS repaired_count,
  (SELECT coalesce(sum(count), 0)::BIGINT FROM memory_snapshot_reader_anomaly) AS skipped_count
FROM trace_file
CROSS JOIN entry
