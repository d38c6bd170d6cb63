-- product_loss: products slower than they could be, and what stays (163 lines because of shapes).
--
-- Why:     float32 products outside tensor cores, sizes that tensor cores can't load and kernels
--          far slower than their shapes allow each have their own fix.
-- Grain:   one row per work item of such a product
-- Inputs:  work, work_op, cost_root, cost_candidate, cpu_op, operator_product, expected_call,
--          modelled_device, work_attention, kernel_tensor_core
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
  INNER JOIN expected_call
    ON
      product.trace_id = expected_call.trace_id
      AND product.name = expected_call.name
      AND product.input_dims = expected_call.input_dims
      AND product.input_strides IS NOT DISTINCT FROM expected_call.input_strides
      AND product.input_types IS NOT DISTINCT FROM expected_call.input_types
      AND product.concrete_inputs IS NOT DISTINCT FROM expected_call.concrete_inputs
),

-- only what can be a row: texts are slow to compare
named AS MATERIALIZED (
  SELECT
    trace_id,
    op_id,
    name,
    input_dims,
    input_strides,
    input_types,
    concrete_inputs
  FROM cpu_op
  SEMI JOIN (
    SELECT trace_id, op_id FROM cost_candidate
    WHERE cost_rank = 2 AND is_known
  ) AS product USING (trace_id, op_id)
),

member AS (
  SELECT
    named.trace_id,
    named.op_id AS cost_op_id,
    known.name AS op_name,
    known.input_dims,
    known.math,
    known.other_ns,
    known.expected_ns,
    known.expected_low_ns,
    known.expected_high_ns
  FROM named
  INNER JOIN known
    ON
      named.trace_id = known.trace_id
      AND named.name = known.name
      AND named.input_dims = known.input_dims
      AND named.input_strides IS NOT DISTINCT FROM known.input_strides
      AND named.input_types IS NOT DISTINCT FROM known.input_types
      AND named.concrete_inputs IS NOT DISTINCT FROM known.concrete_inputs
),

rooted AS (
  SELECT work_op.trace_id, work_op.work_id, cost_root.cost_op_id
  FROM cost_root
  SEMI JOIN member USING (trace_id, cost_op_id)
  INNER JOIN work_op
    ON cost_root.trace_id = work_op.trace_id AND cost_root.op_id = work_op.op_id
  WHERE cost_root.has_cost
),

item AS (
  SELECT
    trace_id,
    work_id,
    work.dur_ns,
    rooted.cost_op_id,
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
    sum(dur_ns) AS product_ns,
    coalesce(bool_or(is_plain), FALSE) AS is_plain
  FROM item
  GROUP BY trace_id, cost_op_id
),

judged AS (
  SELECT
    trace_id,
    cost_op_id,
    member.op_name,
    member.input_dims,
    product.product_ns,
    CASE
      WHEN member.math = 'float32' AND member.other_ns IS NOT NULL
        THEN if(product.is_plain AND product.product_ns > member.other_ns, 'float32_product', NULL)
      WHEN member.other_ns IS NOT NULL
        THEN if(product.product_ns > member.other_ns, 'odd_product', NULL)
      WHEN product.product_ns > member.expected_high_ns THEN 'slow_product'
    END AS kind,
    if(kind = 'slow_product', member.expected_low_ns, member.other_ns) AS low_ns,
    if(kind = 'slow_product', member.expected_ns, member.other_ns * 1.25) AS stay_ns,
    if(kind = 'slow_product', member.expected_high_ns, member.other_ns * 2) AS high_ns
  FROM product
  INNER JOIN member USING (trace_id, cost_op_id)
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
