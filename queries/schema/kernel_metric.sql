-- kernel_metric: one hardware counter of one kernel, from Nsight Compute.
--
-- Why:     only these have cache hit rates and DRAM traffic. Durations are not comparable, because
--          Nsight Compute replays kernels.
-- Grain:   one row per (trace_id, ordinal, metric)
-- Inputs:  none
-- Columns:
--   trace_id  trace.trace_id
--   ordinal   the kernel's position in launch order
--   name      name of the kernel
--   grid      '[x,y,z]'
--   block     '[x,y,z]'
--   metric    such as 'l1tex__t_sector_hit_rate.pct'
--   unit      as reported, converted to the base unit; NULL if there is none
--   value     in that unit; NULL if the tool reported none
CREATE TABLE kernel_metric (
  trace_id INTEGER NOT NULL,
  ordinal BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  grid VARCHAR,
  block VARCHAR,
  metric VARCHAR NOT NULL,
  unit VARCHAR,
  value DOUBLE
);
