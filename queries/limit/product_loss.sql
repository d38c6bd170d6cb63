-- product_loss: products slower than they could be, and what stays.
--
-- Why:     float32 products outside tensor cores, sizes that tensor cores can't load and kernels
--          far slower than their shapes allow each have their own fix.
-- Grain:   one row per work item of such a product
-- Inputs:  product_time, operator_product, expected_call, modelled_device, grouped_work,
--          work_group, kernel_tensor_core
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   work_id      work.work_id
--   cost_op_id   cost_root.cost_op_id, the product
--   signature_id  cpu_op.signature_id of it: its name and shapes
--   first_work_id  see grouped_work
--   step         see work_step
--   kind         'float32_product' (without TF32 on a device that has it) | 'odd_product' (rows
--                that are no multiple of 16 bytes) | 'slow_product' (slower than nine of ten
--                measured products of such shapes)
--   lost_ns      ns, the item's duration
--   kept_low_ns  ns of it that would stay at least
--   kept_ns      ns of it that would stay
--   kept_high_ns  ns of it that would stay at most
-- Never:   WHERE kept_low_ns > kept_ns OR kept_ns > kept_high_ns OR kept_low_ns < 0
WITH modelled AS (
  SELECT
    product.*,
    expected_call.expected_ns,
    expected_call.expected_low_ns,
    expected_call.expected_high_ns,
    device.has_tf32,
    CASE
      WHEN product.math = 'float32' AND NOT device.has_tf32 THEN device.tf32_flops
      WHEN product.math = 'half' AND NOT product.is_aligned AND NOT product.is_convolution
        THEN device.half_flops
    END AS other_flops,
    -- at the best rate that tensor cores reach, and no faster than memory
    if(
      other_flops IS NULL, NULL,
      device.launch_ns + device.cold_ns + greatest(
        2 * product.m * product.n * product.k * product.batch / (other_flops * device.peak_share),
        product.bytes / (device.bytes_per_s * device.bytes_share)
      ) * 1e9
    ) AS other_ns
  FROM operator_product AS product
  INNER JOIN modelled_device AS device USING (trace_id)
  INNER JOIN expected_call USING (trace_id, signature_id)
),

-- from a list, because DuckDB takes a view for long and would join all work first
known AS (
  SELECT unnest(list(modelled), recursive := TRUE) FROM modelled
),

slow AS MATERIALIZED (
  SELECT
    product.trace_id,
    product.cost_op_id,
    signature_id,
    product.work_ns,
    CASE
      WHEN known.other_ns IS NULL THEN 'slow_product'
      WHEN known.math = 'float32' THEN 'float32_product'
      ELSE 'odd_product'
    END AS kind,
    if(kind = 'slow_product', known.expected_low_ns, known.other_ns) AS low_ns,
    if(kind = 'slow_product', known.expected_ns, known.other_ns * 1.25) AS stay_ns,
    if(kind = 'slow_product', known.expected_high_ns, known.other_ns * 2) AS high_ns
  FROM product_time AS product
  INNER JOIN known USING (trace_id, signature_id)
  WHERE product.work_ns > coalesce(known.other_ns, known.expected_high_ns)
),

plain_group AS (
  SELECT trace_id, first_work_id
  FROM work_group
  INNER JOIN kernel_tensor_core AS used USING (trace_id, name)
  WHERE used.tensor_core = 'no'
),

-- products with a kernel whose name says that it runs outside tensor cores
plain AS (
  SELECT DISTINCT trace_id, cost_op_id
  FROM grouped_work
  INNER JOIN slow USING (trace_id, cost_op_id)
  INNER JOIN plain_group USING (trace_id, first_work_id)
  WHERE slow.kind = 'float32_product'
),

product AS (
  SELECT slow.* FROM slow
  LEFT JOIN plain USING (trace_id, cost_op_id)
  WHERE slow.kind <> 'float32_product' OR plain.cost_op_id IS NOT NULL
)

SELECT
  trace_id,
  grouped_work.work_id,
  cost_op_id,
  product.signature_id,
  grouped_work.first_work_id,
  grouped_work.step,
  product.kind,
  grouped_work.dur_ns AS lost_ns,
  cast(lost_ns * least(1, product.low_ns / product.work_ns) AS BIGINT) AS kept_low_ns,
  cast(lost_ns * least(1, product.stay_ns / product.work_ns) AS BIGINT) AS kept_ns,
  cast(lost_ns * least(1, product.high_ns / product.work_ns) AS BIGINT) AS kept_high_ns
FROM grouped_work
INNER JOIN product USING (trace_id, cost_op_id)
