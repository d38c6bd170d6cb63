-- time_interval: how far a predicted time of a category in a run may be off, by device.
--
-- Why:     a predicted time without its interval looks measured. The ratios are of held-out
--          measurements (docs/prediction.md); without rates fitted on the device, nothing was
--          measured, and the interval is twice as wide: the ratios are squared.
-- Grain:   one row per is_fitted
-- Inputs:  none
-- Columns:
--   is_fitted   true if device_spec.rates_of is the device itself
--   low_ratio   the true time is expected to be this times the predicted one, or more
--   high_ratio  and this times it, or less
SELECT
  is_fitted,
  low_ratio::DOUBLE AS low_ratio,
  high_ratio::DOUBLE AS high_ratio
FROM (
  VALUES
  (TRUE, 0.75, 1.3),
  (FALSE, 0.5625, 1.69)
) AS ratios (is_fitted, low_ratio, high_ratio)
