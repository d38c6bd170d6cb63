-- kernel_metric: one hardware counter of one kernel, from Nsight Compute or a range of CUPTI.
--
-- Why:     only these have cache hit rates, instructions and DRAM traffic. Durations are not
--          comparable, because both replay kernels.
-- Grain:   one row per (trace_id, ordinal, metric)
-- Inputs:  none
-- Columns:
--   trace_id  trace.trace_id
--   ordinal   the kernel's position in launch order
--   name      name of the kernel, or of the range in which several were measured together;
--             '__missing__' if CUPTI didn't know it
--   grid      '[x,y,z]'; NULL for a range
--   block     '[x,y,z]'; NULL for a range
--   metric    such as 'l1tex__t_sector_hit_rate.pct'
--   unit      as reported, converted to the base unit; NULL if there is none
--   value     in that unit; NULL if the tool reported none
--   start_ns  ns from the trace's base, of a range; NULL from Nsight Compute
--   dur_ns    ns, of a range: Kineto divides the profiled time evenly among its ranges, so it says
--             which came first and not how long one took; NULL from Nsight Compute
CREATE TABLE kernel_metric (
  trace_id INTEGER NOT NULL,
  ordinal BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  grid VARCHAR,
  block VARCHAR,
  metric VARCHAR NOT NULL,
  unit VARCHAR,
  value DOUBLE,
  start_ns BIGINT,
  dur_ns BIGINT
);
