-- anomaly: what was met while reading a Kineto trace, and what its rows give away.
--
-- Why:     a figure that a trace can't support must be refused with the reason.
-- Grain:   one row per kind of anomaly that is there
-- Inputs:  kineto_reader_anomaly, kineto_anomaly_device, kineto_anomaly_graph, kineto_anomaly_host,
--          kineto_anomaly_event, kineto_anomaly_value, kineto_anomaly_time, kineto_anomaly_track,
--          anomaly_kind, trace_file
-- Columns:
--   trace_id     trace.trace_id
--   kind         see anomaly_kind
--   count        events it touches
--   byte_offset  of the first one, where the text itself was at fault; else NULL
--   example      the first one, shortened
--   consequence  what it does to which figure
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
