-- gpu_counter_rule: counters that say how busy a part of a GPU was, in percent.
--
-- Why:     profilers name the same measure differently: CUPTI's metrics, and Cuspy's short labels.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule_order  order in which rules are tried; the first that matches a counter decides
--   measure     'sm' (a multiprocessor holds work) | 'dram' (of the peak bandwidth) | 'tensor_core'
--   pattern     regular expression, found anywhere in the counter's name
--   example     a real name that it matches
SELECT
  rule_order,
  measure,
  pattern,
  example
FROM (
  VALUES
  (
    1, 'tensor_core', '^sm__(inst_executed_)?pipe_tensor\w*\.avg\.pct_of_peak',
    'sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active'
  ),
  (2, 'tensor_core', '^Tensor( Core)?s? Active \(%\)$', 'Tensor Active (%)'),
  (
    3, 'sm', '^sm__cycles_active\.avg\.pct_of_peak',
    'sm__cycles_active.avg.pct_of_peak_sustained_elapsed'
  ),
  (4, 'sm', '^SM Active \(%\)$', 'SM Active (%)'),
  (
    5, 'dram', '^(gpu__)?dram_{1,2}throughput\.avg\.pct_of_peak',
    'dram__throughput.avg.pct_of_peak_sustained_elapsed'
  ),
  (6, 'dram', '^(DRAM|HBM) BW \(%\)$', 'HBM BW (%)')
) AS known (rule_order, measure, pattern, example)
