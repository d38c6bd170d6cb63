-- expected_attention: the time that each distinct call of fused attention should take.
--
-- Why:     a block computes 128 queries of one head, so short sequences pay for a whole block. If
--          there are few blocks, as in decoding, kernels split the keys instead. A backward call is
--          taken for its five products, of which the forward one has two.
-- Grain:   one row per (trace_id, name, input_dims, input_strides, input_types, concrete_inputs) of
--          an operator with a formula of attention, forward or backward, if the peak is known
-- Inputs:  operator_signature, modelled_device, product_constant
-- Columns:
--   trace_id         trace.trace_id
--   name             cpu_op.name
--   input_dims       cpu_op.input_dims
--   input_strides    cpu_op.input_strides
--   input_types      cpu_op.input_types
--   concrete_inputs  cpu_op.concrete_inputs
--   kernel_kind      'attention' | 'attention_backward'
--   expected_ns      ns of the call's kernels
-- Kept:    view
WITH placed AS (
  SELECT
    * EXCLUDE (dims),
    contains(formula, 'backward') AS is_backward,
    -- a backward operator is first given the output's gradient
    if(is_backward, dims[2:], dims) AS dims,
    -- [batch, heads, length, size], or [batch, length, heads, size]
    if(contains(formula, 'by_length'), -3, -2) AS length_axis,
    if(contains(formula, 'by_length'), -2, -3) AS head_axis,
    item_bytes[1] AS element_bytes
  FROM operator_signature
  WHERE starts_with(formula, 'attention') AND len(dims[1]) BETWEEN 3 AND 4
),

shaped AS (
  SELECT
    placed.*,
    device.* EXCLUDE (trace_id),
    product_constant.*,
    coalesce(dims[1][head_axis], 1) * if(len(dims[1]) = 4, dims[1][1], 1) AS sequence_count,
    coalesce(dims[2][head_axis], 1) * if(len(dims[2]) = 4, dims[2][1], 1) AS key_sequence_count,
    dims[1][length_axis] AS query_len,
    -- a causal call computes half of the scores, in whole blocks
    if(
      placed.name LIKE '%flash_attention' AND arguments[5] IN ('True', 'true', '1')
      OR placed.name LIKE '%efficient_attention' AND arguments[7] IN ('True', 'true', '1'),
      least(dims[2][length_axis], (dims[2][length_axis] + 128) / 2), dims[2][length_axis]
    ) AS key_len,
    dims[1][-1] AS head_size,
    -- float32 runs in TF32, three products for one
    if(
      element_bytes > 2, coalesce(tf32_flops / 3, float32_flops), half_flops
    ) AS peak_flops_per_s,
    ceil(dims[1][-1] / 32) * 32 AS padded_size
  FROM placed
  INNER JOIN modelled_device AS device USING (trace_id)
  CROSS JOIN product_constant
),

blocked AS (
  SELECT
    *,
    sequence_count * ceil(query_len / 128) AS block_count,
    ceil(key_len / 64) AS step_count,
    -- a decoding kernel splits the keys until all multiprocessors have work
    if(
      query_len <= 128 AND block_count < sm_count AND step_count > 4,
      greatest(1, least(step_count // 2, sm_count // block_count)), 1
    ) AS split_count
  FROM shaped
),

timed AS (
  SELECT
    *,
    -- one block: by its FLOPs, but never less than its fixed clocks
    greatest(
      attention_block_clocks / clock_hz * 1e9,
      4 * 128 * 64 * padded_size * step_count / split_count
      / (
        peak_flops_per_s / sm_count * attention_share
        * if(head_size <= 64, attention_small_head_share, 1)
      ) * 1e9
    ) AS block_ns,
    block_count * split_count / sm_count AS waves
  FROM blocked
)

SELECT
  trace_id,
  name,
  input_dims,
  input_strides,
  input_types,
  concrete_inputs,
  if(is_backward, 'attention_backward', 'attention') AS kernel_kind,
  cast(if(is_backward, 2.5, 1) * (
    attention_launch_ns + if(split_count > 1, attention_split_ns, 0) + greatest(
      -- up to eight waves end together; more overlap
      if(waves <= 8, ceil(waves), waves + 0.5) * block_ns,
      attention_latency_ns + attention_step_ns * step_count / split_count * padded_size / 64,
      2 * (sequence_count * query_len + key_sequence_count * dims[2][length_axis])
      * head_size * element_bytes / (bytes_per_s * attention_bytes_share) * 1e9
    )
  ) AS BIGINT) AS expected_ns
FROM timed
WHERE sequence_count * query_len * key_len * head_size * element_bytes * peak_flops_per_s > 0
