-- product_call: each call of a matrix product, with its time and FLOPs.
--
-- Why:     a product runs casts, layout changes and a bias too; its time is that of all of them,
--          but its FLOPs and bytes are those of the product.
-- Grain:   one row per (trace_id, product_op_id); NULL for all other work of the trace
-- Inputs:  product_sum, work_group, kernel_tensor_core, signature_cost
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   product_op_id  see product_root; of a product with unknown FLOPs, itself
--   signature_id   its cpu_op.signature_id
--   time_source    see work
--   is_unknown     true if its FLOPs are unknown
--   kernel_count   work items
--   kernel_ns      ns, sum of their durations
--   flops          FLOPs; NULL if unknown, or not a product
--   bytes          bytes read and written by it, or under autocast by the product inside it, whose
--                  elements are smaller; NULL as flops
--   peak_ns        ns that the FLOPs take at the peak of their arithmetic; NULL if unknown
--   arithmetic     see work_arithmetic, that of most FLOPs; NULL if unknown
--   is_attention   true for fused attention
--   is_winograd    true if a kernel's name says that it multiplies by Winograd's algorithm
--   matrix_ns      ns of matrix kernels; NULL without any
--   tensor_ns      ns of matrix kernels that use tensor cores; NULL without any
-- Never:   WHERE is_unknown AND flops > 0

-- noqa: disable=AM07
-- what no product did is the rest of all work
WITH total AS (
  SELECT
    trace_id,
    any_value(work_group.time_source) AS time_source,
    sum(work_group.work_count)::BIGINT AS work_count,
    sum(work_group.work_ns) AS work_ns,
    sum(work_group.work_ns) FILTER (WHERE used.tensor_core IS NOT NULL) AS matrix_ns,
    sum(work_group.work_ns) FILTER (WHERE used.tensor_core = 'yes') AS tensor_ns
  FROM work_group
  LEFT JOIN kernel_tensor_core AS used USING (trace_id, name)
  GROUP BY trace_id
),

-- products have few shapes, so each is parsed once
whole AS MATERIALIZED (
  SELECT
    trace_id,
    signature_id,
    bytes,
    try(input_types ->> '$[1]') AS type_name
  FROM signature_cost
)

SELECT
  summed.trace_id,
  summed.product_op_id,
  summed.signature_id,
  summed.time_source,
  summed.is_unknown,
  summed.kernel_count,
  summed.kernel_ns,
  summed.flops,
  -- the whole product has a bias too
  if(
    summed.flops > 0 AND own.type_name = inside.type_name,
    coalesce(own.bytes, summed.bytes), summed.bytes
  ) AS bytes,
  summed.peak_ns,
  summed.arithmetic,
  summed.is_attention,
  summed.is_winograd,
  summed.matrix_ns,
  summed.tensor_ns
FROM product_sum AS summed
LEFT JOIN whole AS own USING (trace_id, signature_id)
LEFT JOIN whole AS inside
  ON summed.trace_id = inside.trace_id AND summed.inner_signature_id = inside.signature_id
UNION ALL BY NAME
SELECT
  trace_id,
  total.time_source,
  FALSE AS is_unknown,
  cast(total.work_count - coalesce(product.kernel_count, 0) AS BIGINT) AS kernel_count,
  try_cast(total.work_ns - coalesce(product.kernel_ns, 0) AS BIGINT) AS kernel_ns,
  FALSE AS is_attention,
  try_cast(nullif(total.matrix_ns - coalesce(product.matrix_ns, 0), 0) AS BIGINT) AS matrix_ns,
  try_cast(nullif(total.tensor_ns - coalesce(product.tensor_ns, 0), 0) AS BIGINT) AS tensor_ns
FROM total
LEFT JOIN (
  SELECT
    trace_id,
    sum(kernel_count) AS kernel_count,
    sum(kernel_ns) AS kernel_ns,
    sum(matrix_ns) AS matrix_ns,
    sum(tensor_ns) AS tensor_ns
  FROM product_sum AS summed
  GROUP BY trace_id
) AS product USING (trace_id)
WHERE total.work_count > coalesce(product.kernel_count, 0)
