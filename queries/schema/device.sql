-- device: one device that has events in a trace, with its ceilings.
--
-- Why:     a roofline and a share of peak need the device they were measured on.
-- Grain:   one row per (trace_id, device_id)
-- Inputs:  none
-- Columns:
--   trace_id          trace.trace_id
--   device_id         the device's number in the trace; -1 for the host of a trace without a GPU
--   name              as the trace spells it; NULL if it does not say
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
