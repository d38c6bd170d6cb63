-- kernel_rate: how fast kernels without matrix products run, by kind, fitted.
--
-- Why:     most kernels are bound by memory, but those that compute an index per element, convert
--          types or reduce few rows are bound by the multiprocessors. These rates, per
--          multiprocessor and clock, hold for every device. Fitted to traces of an H100 that
--          TraceLens publishes (MIT); bench/predictor.py fits them again and prints the error on
--          traces that it did not use.
-- Grain:   one row per kind of kernel
-- Inputs:  none
-- Columns:
--   kernel_kind         see operator_pass
--   launch_ns           ns before and after the work
--   bytes_share         share of the memory bandwidth
--   elements_per_clock  elements per multiprocessor and clock; NULL if only memory binds
--   low_ratio           tenth percentile of measured / expected time over measured rows, rounded
--                       outwards; of kinds with few rows, an estimate
--   high_ratio          ninetieth percentile
SELECT
  kernel_kind,
  launch_ns::DOUBLE AS launch_ns,
  bytes_share::DOUBLE AS bytes_share,
  elements_per_clock::DOUBLE AS elements_per_clock,
  low_ratio::DOUBLE AS low_ratio,
  high_ratio::DOUBLE AS high_ratio
FROM (
  VALUES
  ('contiguous', 1400, 0.863, NULL, 0.85, 1.4),
  ('strided_16', 1400, 0.88, 1.428, 0.8, 1.4),
  ('strided_32', 1400, 0.88, 0.842, 0.8, 1.4),
  ('uncoalesced', 1400, 0.88, 0.5, 0.8, 1.4),
  ('mixed', 1400, 0.88, 0.9, 0.8, 1.6),
  ('upcast', 1400, 0.88, 1.077, 0.8, 1.5),
  ('function', 1400, 0.88, 2.55, 0.85, 1.4),
  ('interleaving', 3500, 0.88, 0.85, 0.7, 1.6),
  ('concatenation', 3500, 0.88, 1.45, 0.7, 1.6),
  ('gather', 1400, 0.88, 0.62, 0.7, 1.6),
  ('reduction', 6000, 0.80, NULL, 0.7, 1.7),
  ('softmax', 1400, 0.66, 1.8, 0.85, 1.4),
  ('softmax_long', 2400, 0.66, 1.6, 0.85, 1.4),
  ('softmax_odd', 2400, 0.66, 0.7, 0.85, 1.4),
  ('layer_norm', 2600, 0.68, 1.575, 0.85, 1.5),
  ('moments', 2600, 0.88, 2.1, 0.7, 1.6),
  ('layout', 1400, 0.88, 1.9, 0.7, 1.6),
  ('product', NULL, NULL, NULL, 0.8, 1.35),
  ('convolution', NULL, NULL, NULL, 0.65, 1.75),
  ('attention', NULL, NULL, NULL, 0.9, 1.5),
  -- not fitted: as many forward passes as there are products
  ('convolution_backward', NULL, NULL, NULL, 0.5, 2.5),
  ('attention_backward', NULL, NULL, NULL, 0.6, 2.5)
) AS rates (
  kernel_kind, launch_ns, bytes_share, elements_per_clock, low_ratio, high_ratio
)
