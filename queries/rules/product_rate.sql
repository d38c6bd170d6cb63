-- product_rate: how fast matrix products and fused attention run on each device, fitted.
--
-- Why:     shares of the peak differ between generations of tensor cores and their libraries, so
--          they are fitted for each device that has measured tables. bench/predictor.py fits them
--          again and prints the error on rows that it did not use.
-- Grain:   one row per device
-- Inputs:  none
-- Columns:
--   device           device_spec.device
--   launch_ns        ns before and after the work of a product
--   peak_share       share of the tensor peak that a tile of 256 x 128 reaches
--   half_intensity   FLOP/byte of a tile at which half of that is reached
--   bytes_share      share of the memory bandwidth
--   k_block_ns       ns of one step of 64 along the summed dimension
--   split_ns         ns of the second kernel if that dimension is split
--   attention_share  share of the tensor peak that fused attention reaches
--   cold_ns          ns more in a model than in the loops that the rates were fitted to: operands
--                    are not in the cache
--   model_ratio      time in a model over that in a loop: clocks are lower, choices are worse
--   source           where the rates come from, and the error
SELECT
  device,
  launch_ns::DOUBLE AS launch_ns,
  peak_share::DOUBLE AS peak_share,
  half_intensity::DOUBLE AS half_intensity,
  bytes_share::DOUBLE AS bytes_share,
  k_block_ns::DOUBLE AS k_block_ns,
  split_ns::DOUBLE AS split_ns,
  attention_share::DOUBLE AS attention_share,
  cold_ns::DOUBLE AS cold_ns,
  model_ratio::DOUBLE AS model_ratio,
  source
FROM (
  VALUES
  -- noqa: disable=LT05
  ('a100', 3576, 0.833, 53.7, 0.70, 357.8, 1530, 0.592, 1500, 1.08, 'fit to aiconfigurator-core 0.12.0 (Apache-2.0); 10.4 % mean error on rows held out'),
  ('h100', 2656, 0.818, 0.8, 0.84, 83.1, 2358, 0.35, 1500, 1.08, 'fit to aiconfigurator-core 0.12.0 (Apache-2.0); 7.4 % mean error on rows held out'),
  ('h200', 2690, 0.829, 1.154, 0.80, 65, 2782, 0.35, 1500, 1.08, 'fit to aiconfigurator-core 0.12.0 (Apache-2.0); 7.8 % mean error on rows held out')
) AS rates (
  device, launch_ns, peak_share, half_intensity, bytes_share, k_block_ns, split_ns,
  attention_share, cold_ns, model_ratio, source
)
