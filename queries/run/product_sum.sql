-- product_sum: the work of each matrix product added up, with its FLOPs.
--
-- Why:     a product's time is that of all its work, but its FLOPs and bytes are those of the
--          operators that multiply. A trace has many work items for each product, so they are added
--          up once, when the trace is loaded.
-- Grain:   one row per (trace_id, product_op_id) of product_item
-- Inputs:  product_item, signature_cost, work_arithmetic, kernel_tensor_core
-- From:    product_item
-- Columns:
--   trace_id            trace.trace_id
--   product_op_id       see product_item, as the next four
--   signature_id        its cpu_op.signature_id
--   inner_signature_id  cpu_op.signature_id of the operator in it with most FLOPs; NULL if unknown
--   time_source         see work
--   is_unknown          true if its FLOPs are unknown
--   kernel_count        work items
--   kernel_ns           ns, sum of their durations
--   flops               FLOPs; NULL if unknown
--   bytes               bytes read and written by the operators with FLOPs; NULL if unknown
--   peak_ns             ns that the FLOPs take at the peak of their arithmetic; NULL if unknown
--   arithmetic          see work_arithmetic, that of most FLOPs; NULL if unknown
--   is_attention        true for fused attention
--   is_winograd         true if a kernel's name says that it multiplies by Winograd's algorithm
--   matrix_ns           ns of matrix kernels; NULL without any
--   tensor_ns           ns of matrix kernels that use tensor cores; NULL without any
-- Never:   WHERE is_unknown AND flops > 0
WITH item AS (
  SELECT
    item.*,
    cost.flops IS NOT NULL AND starts_with(cost.formula, 'attention') AS is_attention,
    -- casts inside move bytes too, which a better program would not
    arithmetic.work_id IS NOT NULL AS is_charged,
    if(is_charged OR item.is_unknown, cost.flops, 0) AS flops,
    if(is_charged, cost.bytes, NULL) AS bytes,
    if(is_charged, signature_id, NULL) AS charged_signature_id,
    used.tensor_core,
    used.rule,
    arithmetic.arithmetic,
    cost.flops * 1e9 / arithmetic.peak_flops_per_s AS peak_ns
  FROM product_item AS item
  LEFT JOIN signature_cost AS cost USING (trace_id, signature_id)
  LEFT JOIN work_arithmetic AS arithmetic USING (trace_id, work_id)
  LEFT JOIN kernel_tensor_core AS used ON item.trace_id = used.trace_id AND item.name = used.name
)

SELECT
  trace_id,
  product_op_id,
  any_value(product_signature_id) AS signature_id,
  arg_max(charged_signature_id, flops) AS inner_signature_id,
  any_value(time_source) AS time_source,
  bool_or(is_unknown) AS is_unknown,
  count(*) AS kernel_count,
  try_cast(sum(dur_ns) AS BIGINT) AS kernel_ns,
  try_cast(sum(flops) AS BIGINT) AS flops,
  try_cast(sum(bytes) AS BIGINT) AS bytes,
  -- a peak that one of its products lacks makes the sum unknown
  if(count(*) FILTER (WHERE is_charged) = count(peak_ns), sum(peak_ns), NULL) AS peak_ns,
  arg_max(arithmetic, flops) AS arithmetic,
  bool_or(is_attention) AS is_attention,
  bool_or(rule = 'winograd') AS is_winograd,
  try_cast(sum(dur_ns) FILTER (WHERE tensor_core IS NOT NULL) AS BIGINT) AS matrix_ns,
  try_cast(sum(dur_ns) FILTER (WHERE tensor_core = 'yes') AS BIGINT) AS tensor_ns
FROM item
GROUP BY trace_id, product_op_id
