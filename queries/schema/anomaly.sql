-- anomaly: one kind of anomaly found while reading a trace.
--
-- Why:     everything that was repaired or skipped, or looks wrong, is counted here, never dropped
--          silently.
-- Grain:   one row per (trace_id, kind)
-- Inputs:  none
-- Columns:
--   trace_id     trace.trace_id
--   kind         snake_case name, see anomaly_kind, such as 'invalid_utf8'
--   count        number of affected events
--   byte_offset  position of the first one in the uncompressed text; NULL if it has no position
--   example      the first one, shortened
--   consequence  effect on the metrics, one sentence
CREATE TABLE anomaly (
  trace_id INTEGER NOT NULL,
  kind VARCHAR NOT NULL,
  count BIGINT NOT NULL,
  byte_offset BIGINT,
  example VARCHAR,
  consequence VARCHAR NOT NULL,
  PRIMARY KEY (trace_id, kind)
);
