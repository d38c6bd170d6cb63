-- device: the devices of a memory snapshot.
--
-- Why:     a snapshot numbers its devices and says nothing else of them; the manifest may.
-- Grain:   one row per device with a segment or an entry
-- Inputs:  trace_file, memory_snapshot_segment, memory_snapshot_entry
-- Columns:
--   trace_id   from trace_file
--   device_id  as recorded
--   name       from the manifest; NULL without one
SELECT
  trace_file.trace_id,
  found.device_id,
  trace_file.device_name AS name
FROM (
  SELECT device_id FROM memory_snapshot_segment
  UNION
  SELECT device_id FROM memory_snapshot_entry
) AS found
CROSS JOIN trace_file
