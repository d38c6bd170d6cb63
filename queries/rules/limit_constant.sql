-- limit_constant: from which sizes on a loss of time is worth a row, and what a fix leaves.
--
-- Why:     every threshold of opportunity and performance_check is here, so that it can be seen and
--          argued with. Chosen, unless a source is given.
-- Grain:   one row
-- Inputs:  none
-- Columns:
--   least_saving_frac       of the run: a fix that saves less gets no row
--   short_gap_ns            ns: shorter gaps are launching, longer ones are pauses
--   least_gap_count         short gaps from which launching is a pattern
--   least_wait_count        waits at one place from which it is taken for a loop
--   least_pause_count       pauses at one place from which it is taken for a loop
--   queued_gap_low_ns       ns between two kernels of which the second was waiting: the tenth
--                           percentile of the gaps that the device alone makes, in 12 public traces
--                           of A100, H100 and V100
--   queued_gap_ns           ns, the median
--   queued_gap_high_ns      ns, the ninetieth percentile, rounded up
--   unprofiled_frac         0..1 of the host's time between launches that stays without a profiler
--   value_bytes             bytes: a smaller copy to the host is the program that asks for a value
--   busy_frac               0..1 of the span: a device that is busier is the limit (as
--                           step_breakdown's device_frac)
--   chain_length            kernels in a row from which a chain is worth fusing
--   scheduler_frac          0..1 of the span: a scheduler that takes more is worth a look
--   step_kernel_count       kernels a step from which launching them is worth a look
--   launch_call_ns          ns: a median launch call that takes longer is slow
--   memory_growth_frac      0..1 of the peak by which memory may differ between start and end
SELECT
  0.01::DOUBLE AS least_saving_frac,
  1000000::BIGINT AS short_gap_ns,
  20::BIGINT AS least_gap_count,
  3::BIGINT AS least_wait_count,
  2::BIGINT AS least_pause_count,
  1000::BIGINT AS queued_gap_low_ns,
  1500::BIGINT AS queued_gap_ns,
  3000::BIGINT AS queued_gap_high_ns,
  0.5::DOUBLE AS unprofiled_frac,
  65536::BIGINT AS value_bytes,
  0.8::DOUBLE AS busy_frac,
  3::BIGINT AS chain_length,
  0.01::DOUBLE AS scheduler_frac,
  1000::BIGINT AS step_kernel_count,
  10000::BIGINT AS launch_call_ns,
  0.01::DOUBLE AS memory_growth_frac
