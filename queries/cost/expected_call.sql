-- expected_call: the time that one call of each distinct operator should take on its device.
--
-- Why:     the prediction of dry captures, and what real ones are held against. An operator is the
--          sum of the kernels that PyTorch launches; a kernel is its launch and the slowest of
--          four: tensor cores by tiles, bytes, elements and blocks. Kernels only: no host gaps.
-- Grain:   one row per (trace_id, signature_id)
-- Inputs:  operator_pass, operator_product, expected_product, expected_attention, modelled_device,
--          kernel_rate
-- Columns:
--   trace_id          trace.trace_id
--   signature_id      cpu_op.signature_id
--   name              cpu_op.name
--   input_dims        cpu_op.input_dims
--   input_strides     cpu_op.input_strides
--   input_types       cpu_op.input_types
--   concrete_inputs   cpu_op.concrete_inputs
--   expected_ns       ns of all its kernels; NULL if unknown
--   expected_low_ns   nine of ten measured calls took longer, see kernel_rate; for a device without
--                     fitted rates the interval is twice as wide: the ratio is squared
--   expected_high_ns  nine of ten took less; also squared for such a device
-- Kept:    view
WITH pass AS (
  SELECT * FROM operator_pass
  UNION ALL BY NAME
  -- after the moments, one pass applies them
  SELECT
    * REPLACE (
      NULL AS row_count,
      if(bytes > 4 * element_count, 'strided_32', 'strided_16') AS kernel_kind
    )
  FROM operator_pass
  WHERE kernel_kind = 'moments'
  UNION ALL BY NAME
  -- cuDNN computes in channels-last order: other layouts are changed before and after
  SELECT
    trace_id,
    signature_id,
    name,
    input_dims,
    input_strides,
    input_types,
    concrete_inputs,
    'layout' AS kernel_kind,
    unnest([bytes // item_bytes - n * k - m * n, n * k, m * n]) AS element_count,
    2 * element_count * item_bytes AS bytes
  FROM operator_product
  WHERE
    is_convolution AND NOT ends_with(name, '_backward') AND is_aligned AND math IN ('half', 'tf32')
    -- TRY, because a file can contain any text; without strides the layout is the common one
    AND coalesce(try_cast(try(json_extract(input_strides, '$[0][1]')) AS BIGINT), 2) > 1
),

kernel AS (
  SELECT
    pass.* EXCLUDE (element_count, bytes, row_count),
    CASE
      WHEN pass.bytes IS NULL THEN NULL
      WHEN rate.elements_per_clock > 0 AND pass.element_count IS NULL THEN NULL
      ELSE rate.launch_ns + greatest(
        pass.bytes
        / if(kernel_kind = 'moments', 2, 1)
        / (device.bytes_per_s * rate.bytes_share)
        * 1e9
        -- what is small comes from the cache and stays there
        * (0.7 + 0.3 * least(1, pass.bytes / (2 * device.l2_bytes))),
        CASE
        -- one block reads a row, so few rows leave multiprocessors idle
          WHEN row_count > 0
            THEN
              ceil(row_count / device.sm_count) * (element_count / row_count)
              / (rate.elements_per_clock * device.clock_hz) * 1e9
          ELSE element_count / (rate.elements_per_clock * device.sm_count * device.clock_hz) * 1e9
        END
      )
    END AS expected_ns
  FROM pass
  INNER JOIN modelled_device AS device USING (trace_id)
  INNER JOIN kernel_rate AS rate USING (kernel_kind)
  UNION ALL BY NAME
  FROM expected_product
  UNION ALL BY NAME
  FROM expected_attention
)

SELECT
  kernel.trace_id,
  signature_id,
  name,
  input_dims,
  input_strides,
  input_types,
  concrete_inputs,
  if(count(expected_ns) = count(*), sum(expected_ns)::BIGINT, NULL) AS expected_ns,
  -- a kernel that is not known makes the operator unknown
  if(
    count(expected_ns) = count(*),
    sum(expected_ns * pow(low_ratio, if(is_fitted, 1, 2)))::BIGINT, NULL
  ) AS expected_low_ns,
  if(
    count(expected_ns) = count(*),
    sum(expected_ns * pow(high_ratio, if(is_fitted, 1, 2)))::BIGINT, NULL
  ) AS expected_high_ns
FROM kernel
INNER JOIN kernel_rate USING (kernel_kind)
INNER JOIN modelled_device AS device ON kernel.trace_id = device.trace_id
GROUP BY ALL
