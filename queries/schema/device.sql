-- device: one device with events in a trace, and its peak rates.
--
-- Why:     a roofline, or a share of the peak, needs the device's peak rates.
-- Grain:   one row per (trace_id, device_id)
-- Inputs:  none
-- Columns:
--   trace_id          trace.trace_id
--   device_id         the device's number in the trace; -1 for the host of a trace without a GPU
--   name              as recorded in the trace; NULL if absent
--   memory_bytes      device memory, bytes
--   sm_count          streaming multiprocessors (compute units on AMD)
--   peak_flops_per_s  {"float16": ..., "float32": ...} dense, FLOP/s; NULL if unknown
--   peak_bytes_per_s  device memory bandwidth, bytes/s; NULL if unknown
CREATE TABLE device (
  trace_id INTEGER NOT NULL,
  device_id INTEGER NOT NULL,
  name VARCHAR,
  memory_bytes BIGINT,
  sm_count INTEGER,
  peak_flops_per_s JSON,
  peak_bytes_per_s DOUBLE,
  PRIMARY KEY (trace_id, device_id)
);
