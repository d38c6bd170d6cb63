-- product_fit: how well the name of a kernel or operator fits a matrix product.
--
-- Why:     an operator's FLOPs go to one of its kernels: the one that computes the product.
-- Grain:   one row per (trace_id, name) of a name with a category
-- Inputs:  kernel_category, operator_category
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   name      work.name
--   distance  0 for a product, 2 for layout changes and reductions of partial results, 3 for
--             anything else; a name without a category is at 1
-- Never:   GROUP BY trace_id, name HAVING count(*) > 1
SELECT
  trace_id,
  name,
  min(CASE
    WHEN category NOT IN ('linear', 'convolution', 'attention') THEN 3
    WHEN rule IN ('cudnn_layout', 'im2col', 'attention_helper', 'epilogue') THEN 2
    WHEN
      regexp_matches(name, '(?i)split_?k_?(serial_?)?reduc|reduce_?(\w+_)?(split_?k|wgrad|1block)')
      THEN 2
    ELSE 0
  END) AS distance
FROM (
  SELECT trace_id, name, category, rule FROM kernel_category
  UNION ALL
  SELECT trace_id, name, category, rule FROM operator_category
) AS rules
GROUP BY trace_id, name
