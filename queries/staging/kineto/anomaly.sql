-- anomaly: the anomalies of a Kineto trace, from reading it and from its rows.
--
-- Why:     a number that a trace can't support must be refused with the reason.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  kineto_reader_anomaly, kineto_anomaly_device, kineto_anomaly_graph, kineto_anomaly_host,
--          kineto_anomaly_event, kineto_anomaly_value, kineto_anomaly_time, kineto_anomaly_track,
--          kernel, gpu_copy, anomaly_kind, trace_file
-- Columns:
--   trace_id     trace.trace_id
--   kind         see anomaly_kind
--   count        number of affected events
--   byte_offset  position of the first one, if the file's text itself was invalid; else NULL
--   example      the first one, shortened
--   consequence  effect on the metrics
WITH found AS (
  SELECT kind, count, byte_offset, example FROM kineto_reader_anomaly
  UNION ALL
  SELECT kind, count, NULL AS byte_offset, example FROM kineto_anomaly_device
  UNION ALL
  SELECT kind, count, NULL AS byte_offset, example FROM kineto_anomaly_graph
  UNION ALL
  SELECT kind, count, NULL AS byte_offset, example FROM kineto_anomaly_host
  UNION ALL
  SELECT kind, count, NULL AS byte_offset, example FROM kineto_anomaly_event
  UNION ALL
  SELECT kind, count, NULL AS byte_offset, example FROM kineto_anomaly_value
  UNION ALL
  SELECT kind, count, NULL AS byte_offset, example FROM kineto_anomaly_time
  UNION ALL
  SELECT kind, count, NULL AS byte_offset, example FROM kineto_anomaly_track
  UNION ALL
  SELECT
    'several_devices' AS kind,
    if(count(*) > 1, count(*), 0) AS count,
    NULL AS byte_offset,
    string_agg(device_id, ', ' ORDER BY device_id) AS example
  FROM (
    SELECT device_id FROM kernel
    UNION
    SELECT device_id FROM gpu_copy
  ) AS device
)

SELECT
  file.trace_id,
  found.kind,
  sum(found.count)::BIGINT AS count,
  min(found.byte_offset) AS byte_offset,
  min(found.example) AS example,
  coalesce(known.consequence, 'not described') AS consequence
FROM found
LEFT JOIN anomaly_kind AS known ON found.kind = known.kind
CROSS JOIN trace_file AS file
WHERE found.count > 0
GROUP BY file.trace_id, found.kind, known.consequence
