-- trace: one ingested trace file and the conditions in which it was recorded.
--
-- Why:     every number must be traceable to one file and its manifest.
-- Grain:   one row per ingested file
-- Inputs:  none
-- Columns:
--   trace_id         number of the trace in this study, in order of ingestion
--   name             short label: the run folder's name, else the file's stem; unique in a study
--   path             absolute path from which the file was read
--   digest           BLAKE3 digest of the file's bytes, as 'blake3:<hex>'; a digest is loaded once
--   size_bytes       size of the file on disk, in bytes
--   format           'kineto' | 'nsys' | 'ncu' | 'memory_snapshot'
--   producer         program and version that wrote the file; NULL if unknown
--   model            from the manifest; NULL without one
--   family           'diffusion' | 'transformer' | 'llm' | ..., from the manifest; NULL without one
--   attention        requested attention implementation, from the manifest; NULL without one
--   profiler         'torch' | 'dry' | 'nsys' | 'ncu'; NULL if unknown
--   predicted        true if times were computed by a model of a device, not measured
--   time_low_ratio   a category takes this times its predicted time, or more, as far as is known
--   time_high_ratio  and this times it, or less; both NULL if measured
--   manifest         the run folder's manifest.json; NULL if there is none
--   device_name      the device with most device events; for predicted times, the modelled device
--   base_unix_ns     ns since 1970 of the trace's time 0; NULL if unknown
--   resolution_ns    smallest step of the file's timestamps: 1 or 1000
--   rank             rank in a distributed job; NULL if single
--   world_size       ranks in a distributed job; NULL if single
--   host             machine that recorded it, as the file says; NULL if unknown, see trace_host
--   complete         false if the file was cut short
--   event_count      events in the file
--   repaired_count   events that were repaired while reading (see anomaly)
--   skipped_count    events that could not be read (see anomaly)
CREATE TABLE trace (
  trace_id INTEGER PRIMARY KEY,
  name VARCHAR NOT NULL UNIQUE,
  path VARCHAR NOT NULL,
  digest VARCHAR NOT NULL UNIQUE,
  size_bytes BIGINT,
  format VARCHAR NOT NULL,
  producer VARCHAR,
  model VARCHAR,
  family VARCHAR,
  attention VARCHAR,
  profiler VARCHAR,
  predicted BOOLEAN NOT NULL,
  time_low_ratio DOUBLE,
  time_high_ratio DOUBLE,
  manifest JSON,
  device_name VARCHAR,
  base_unix_ns BIGINT,
  resolution_ns BIGINT NOT NULL,
  rank INTEGER,
  world_size INTEGER,
  host VARCHAR,
  complete BOOLEAN NOT NULL,
  event_count BIGINT NOT NULL,
  repaired_count BIGINT NOT NULL,
  skipped_count BIGINT NOT NULL
);
