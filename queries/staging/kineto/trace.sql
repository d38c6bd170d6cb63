-- trace: the one row of a Kineto trace.
--
-- Why:     every number must be traceable to its file, and show how far the file can be trusted.
-- Grain:   one row
-- Inputs:  kineto_event_count, kernel, gpu_copy, device, kineto_header, trace_file, device_spec,
--          time_interval
-- Columns:
--   trace_id         trace.trace_id
--   name             short label
--   path             absolute path
--   digest           BLAKE3 digest of the file's bytes
--   size_bytes       size of the file on disk, in bytes
--   format           'kineto'
--   producer         program and version that wrote the file
--   model            from the manifest
--   family           from the manifest
--   attention        from the manifest
--   profiler         from the manifest, else 'torch' or what a capture recorded
--   predicted        true if a capture recorded that its times were computed
--   time_low_ratio   see time_interval; NULL if measured
--   time_high_ratio  as time_low_ratio
--   manifest         JSON
--   device_name      name of the device with most device events, else from the manifest
--   base_unix_ns     as recorded; 0 if times are absolute; NULL if unknown
--   resolution_ns    1000 if every time is a whole microsecond, else 1
--   rank             rank in a distributed job
--   world_size       ranks in a distributed job
--   host             machine that recorded it
--   complete         false if the file was cut short or contains the output of several writers
--   event_count      events in the file, including unreadable ones
--   repaired_count   events that were repaired while reading
--   skipped_count    events that could not be read
WITH times AS (
  SELECT
    coalesce(sum(event_count), 0)::BIGINT AS event_count,
    -- an event without a time has 0, whatever clock the others use
    min(first_timed_ns) FILTER (WHERE ph = 'X') AS first_ns,
    coalesce(bool_or(is_fine) FILTER (WHERE ph = 'X' OR role = 'instant'), FALSE) AS is_fine
  FROM kineto_event_count
),

busiest AS (
  SELECT arg_max(device.name, found.work_count) AS device_name
  FROM (
    SELECT
      device_id,
      count(*) AS work_count
    FROM (
      SELECT device_id FROM kernel
      UNION ALL
      SELECT device_id FROM gpu_copy
    ) AS work
    GROUP BY device_id
  ) AS found
  INNER JOIN device ON found.device_id = device.device_id
),

named AS (
  SELECT
    coalesce(file.predicted, header.predicted, FALSE) AS predicted,
    coalesce(busiest.device_name, file.device_name, header.device_name) AS device_name
  FROM busiest
  CROSS JOIN kineto_header AS header
  CROSS JOIN trace_file AS file
),

modelled AS (
  SELECT
    coalesce(arg_min(spec.device = spec.rates_of, spec.rule_order), FALSE) AS is_fitted
  FROM named
  INNER JOIN device_spec AS spec ON regexp_matches(named.device_name, spec.pattern)
  WHERE named.predicted
)

SELECT
  file.trace_id,
  file.name,
  file.path,
  file.digest,
  file.size_bytes,
  'kineto' AS format,
  header.producer,
  file.model,
  file.family,
  file.attention,
  coalesce(file.profiler, header.profiler, 'torch') AS profiler,
  named.predicted,
  if(named.predicted, interval.low_ratio, NULL) AS time_low_ratio,
  if(named.predicted, interval.high_ratio, NULL) AS time_high_ratio,
  file.manifest,
  named.device_name,
  -- 1e18 ns after 1970 is in 2001, so such times can only be absolute
  coalesce(
    header.base_unix_ns, CASE WHEN times.first_ns > 1000000000000000000 THEN 0 END
  ) AS base_unix_ns,
  CASE WHEN times.is_fine THEN 1 ELSE 1000 END AS resolution_ns,
  header.rank,
  header.world_size,
  header.host,
  header.complete,
  times.event_count + header.unread_count + header.skipped_count AS event_count,
  header.repaired_count,
  header.skipped_count
FROM times
CROSS JOIN named
CROSS JOIN kineto_header AS header
CROSS JOIN trace_file AS file
CROSS JOIN modelled
INNER JOIN time_interval AS interval USING (is_fitted)
