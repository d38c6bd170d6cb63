-- product_fit: how well the name of a kernel or operator fits a matrix product.
--
-- Why:     an operator's FLOPs go to one of its kernels: the one that computes the product.
-- Grain:   one row per (trace_id, name) of a name with a category
-- Inputs:  kernel_category, operator_category
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   name      work.name
--   distance  0 for a product, 2 for layout changes, transforms and sums of parts, 3 for
--             anything else; a name without a category is at 1
-- Never:   GROUP BY trace_id, name HAVING count(*) > 1
SELECT
  trace_id,
  name,
  min(CASE
    WHEN category NOT IN ('linear', 'convolution', 'attention') THEN 3
    WHEN rule IN ('cudnn_layout', 'im2col', 'attention_helper', 'epilogue') THEN 2
    -- sums of parts, and cublasLt's epilogue; those of split-K count as products, because the
    -- ceiling of a product is that of the longest of these
    WHEN regexp_matches(name, '(?i)reduce_?(\w+_)?(wgrad|1block)|epilogue::impl::') THEN 2
    -- transforms before and after the products of a convolution
    WHEN
      regexp_matches(
        name,
        '(?i)winograd_?\w*(data|filter|input|output|delta|xform|transform|tiles)'
        || '|(^|[^a-z])(fft[12]d_|flip_filter|compute_gemm_pointers)'
      )
      THEN 2
    -- a product of Tensile names its tile
    WHEN starts_with(name, 'Cijk_') AND NOT contains(name, '_MT') THEN 2
    ELSE 0
  END) AS distance
FROM (
  SELECT trace_id, name, category, rule FROM kernel_category
  UNION ALL
  SELECT trace_id, name, category, rule FROM operator_category
) AS rules
GROUP BY trace_id, name
