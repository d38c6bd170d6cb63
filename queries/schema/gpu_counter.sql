-- gpu_counter: one sample of a GPU's counter, taken while the program ran.
--
-- Why:     only counters measure how busy the units inside a GPU were; they are sampled every
--          millisecond or so, whatever kernel runs, and without replaying any. Counters of one
--          kernel or range, without a time of their own, are in kernel_metric.
-- Grain:   one row per (trace_id, device_id, counter, start_ns)
-- Inputs:  none
-- Columns:
--   trace_id   trace.trace_id
--   device_id  device.device_id
--   counter    as recorded, such as 'SM Active (%)' or
--              'dram__throughput.avg.pct_of_peak_sustained_elapsed'
--   start_ns   ns from the trace's base; the value holds until the next sample
--   value      as recorded
CREATE TABLE gpu_counter (
  trace_id INTEGER NOT NULL,
  device_id INTEGER NOT NULL,
  counter VARCHAR NOT NULL,
  start_ns BIGINT NOT NULL,
  value DOUBLE NOT NULL
);
