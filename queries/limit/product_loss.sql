-- product_loss: products slower than they could be, and what stays (163 lines because of shapes).
--
-- Why:     float32 products outside tensor cores, sizes that tensor cores can't load and kernels
--          far slower than their shapes allow each have their own fix.
-- Grain:   one row per work item of such a product
-- Inputs:  work, work_op, cost_root, operator_product, expected_call, modelled_device,
--          work_attention, kernel_tensor_core
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   work_id      work.work_id
--   cost_op_id   cost_root.cost_op_id, the product
--   op_name      its name
--   input_dims   its shapes
--   kind         'float32_product' (without TF32 on a device that has it) | 'odd_product' (rows
--                that are no multiple of 16 bytes) | 'slow_product' (slower than nine of ten
--                measured products of such shapes)
--   kept_low_ns  ns of it that would stay at least
--   kept_ns      ns of it that would stay
--   kept_high_ns  ns of it that would stay at most
-- Never:   WHERE kept_low_ns > kept_ns OR kept_ns > kept_high_ns OR kept_low_ns < 0
WITH known AS (
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

rooted AS (
  SELECT
    trace_id,
    work_op.work_id,
    cost_root.cost_op_id,
    signature_id
  FROM cost_root
  SEMI JOIN known USING (trace_id, signature_id)
  INNER JOIN work_op USING (trace_id, op_id)
  WHERE cost_root.has_cost
),

item AS (
  SELECT
    trace_id,
    work_id,
    work.dur_ns,
    rooted.cost_op_id,
    rooted.signature_id,
    used.tensor_core = 'no' AS is_plain
  FROM work
  INNER JOIN rooted USING (trace_id, work_id)
  ANTI JOIN (
    SELECT trace_id, work_id FROM work_attention
    WHERE role = 'core'
  ) AS core USING (trace_id, work_id)
  LEFT JOIN kernel_tensor_core AS used
    ON work.trace_id = used.trace_id AND work.name = used.name
  WHERE work.time_source = 'gpu'
),

product AS (
  SELECT
    trace_id,
    cost_op_id,
    any_value(signature_id) AS signature_id,
    sum(dur_ns) AS product_ns,
    coalesce(bool_or(is_plain), FALSE) AS is_plain
  FROM item
  GROUP BY trace_id, cost_op_id
),

judged AS (
  SELECT
    trace_id,
    product.cost_op_id,
    known.name AS op_name,
    known.input_dims,
    product.product_ns,
    CASE
      WHEN known.math = 'float32' AND known.other_ns IS NOT NULL
        THEN if(product.is_plain AND product.product_ns > known.other_ns, 'float32_product', NULL)
      WHEN known.other_ns IS NOT NULL
        THEN if(product.product_ns > known.other_ns, 'odd_product', NULL)
      WHEN product.product_ns > known.expected_high_ns THEN 'slow_product'
    END AS kind,
    if(kind = 'slow_product', known.expected_low_ns, known.other_ns) AS low_ns,
    if(kind = 'slow_product', known.expected_ns, known.other_ns * 1.25) AS stay_ns,
    if(kind = 'slow_product', known.expected_high_ns, known.other_ns * 2) AS high_ns
  FROM product
  INNER JOIN known USING (trace_id, signature_id)
)

SELECT
  trace_id,
  item.work_id,
  cost_op_id,
  judged.op_name,
  judged.input_dims,
  judged.kind,
  cast(item.dur_ns * least(1, judged.low_ns / judged.product_ns) AS BIGINT) AS kept_low_ns,
  cast(item.dur_ns * least(1, judged.stay_ns / judged.product_ns) AS BIGINT) AS kept_ns,
  cast(item.dur_ns * least(1, judged.high_ns / judged.product_ns) AS BIGINT) AS kept_high_ns
FROM item
INNER JOIN judged USING (trace_id, cost_op_id)
WHERE judged.kind IS NOT NULL AND judged.product_ns > 0
