-- expected_attention: the time that each distinct call of fused attention should take.
--
-- Why:     the shapes of its inputs say how many queries, keys and heads a call has. A backward
--          call is taken for its five products, of which the forward one has two.
-- Grain:   one row per (trace_id, signature_id) of an operator with a formula of attention, forward
--          or backward, if the peak is known
-- Inputs:  operator_signature, attention_time
-- Columns:
--   trace_id         trace.trace_id
--   signature_id     cpu_op.signature_id
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

sized AS (
  SELECT
    *,
    coalesce(dims[1][head_axis], 1) * if(len(dims[1]) = 4, dims[1][1], 1) AS sequence_count,
    coalesce(dims[2][head_axis], 1) * if(len(dims[2]) = 4, dims[2][1], 1) AS key_sequence_count,
    dims[1][length_axis] AS query_len,
    dims[2][length_axis] AS kv_len,
    -- a causal call computes half of the scores, in whole blocks
    if(
      name LIKE '%flash_attention' AND arguments[5] IN ('True', 'true', '1')
      OR name LIKE '%efficient_attention' AND arguments[7] IN ('True', 'true', '1'),
      least(kv_len, (kv_len + 128) / 2), kv_len
    ) AS key_len,
    dims[1][-1] AS head_size
  FROM placed
)

SELECT
  trace_id,
  signature_id,
  name,
  input_dims,
  input_strides,
  input_types,
  concrete_inputs,
  if(is_backward, 'attention_backward', 'attention') AS kernel_kind,
  cast(if(is_backward, 2.5, 1) * expected_ns AS BIGINT) AS expected_ns
FROM attention_time('sized')
