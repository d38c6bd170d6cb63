-- kernel_metric: one hardware counter of one kernel, from Nsight Compute.
--
-- Why:     cache hit rates and DRAM traffic exist nowhere else;
--          durations under replay are not comparable.
-- Grain:   one row per (trace_id, ordinal, metric)
-- Inputs:  none
-- Columns:
--   trace_id  trace.trace_id
--   ordinal   the kernel's place in the order of launches
--   name      kernel name
--   grid      '[x,y,z]'
--   block     '[x,y,z]'
--   metric    such as 'l1tex__t_sector_hit_rate.pct'
--   unit      as reported, after scaling: base units; NULL if none
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
