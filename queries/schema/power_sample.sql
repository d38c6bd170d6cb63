-- power_sample: the power of one GPU at one moment, from the log of nvidia-smi or DCGM.
--
-- Why:     energy is power over time, and no trace holds power.
-- Grain:   one row per sample
-- Inputs:  none
-- Columns:
--   trace_name  trace.name that the log belongs to; NULL if it may be any trace of that time
--   device_id   number of the GPU, as the trace numbers its devices
--   unix_ns     ns since 1970
--   power_w     watts
CREATE TABLE power_sample (
  trace_name VARCHAR,
  device_id INTEGER NOT NULL,
  unix_ns BIGINT NOT NULL,
  power_w DOUBLE NOT NULL CHECK (power_w >= 0)
);
