-- anomaly: one kind of anomaly that was met while reading a trace.
--
-- Why:     what was mended, skipped or looks wrong is counted here, never dropped in silence.
-- Grain:   one row per (trace_id, kind)
-- Inputs:  none
-- Columns:
--   trace_id     trace.trace_id
--   kind         snake_case see anomaly_kind, such as 'invalid_utf8'
--   count        how many events it touched
--   byte_offset  of the first one in the uncompressed text; NULL if it has no place
--   example      the first one, shortened
--   consequence  what it does to which metric, one sentence
CREATE TABLE anomaly (
  trace_id INTEGER NOT NULL,
  kind VARCHAR NOT NULL,
  count BIGINT NOT NULL,
  byte_offset BIGINT,
  example VARCHAR,
  consequence VARCHAR NOT NULL,
  PRIMARY KEY (trace_id, kind)
);
