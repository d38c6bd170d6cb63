-- attention_time(calls): the time that calls of fused attention should take on their device.
--
-- Why:     a block computes 128 queries of one head, so short sequences pay for a whole block. If
--          there are few blocks, as in decoding, kernels split the keys instead.
-- Grain:   one row per row of `calls` whose sizes and whose device's peak are known; `calls`:
--          trace_id, sequence_count (query heads times batch), key_sequence_count, query_len,
--          key_len (keys that are computed), kv_len (keys that are read), head_size, element_bytes,
--          and any other columns
-- Inputs:  modelled_device, product_constant
-- Columns:
--   trace_id     as given, as are all other columns of `calls`
--   expected_ns  ns of the call's kernels
-- Kept:    view
WITH shaped AS (
  SELECT
    asked AS call,
    asked.sequence_count,
    asked.key_sequence_count,
    asked.query_len,
    asked.key_len,
    asked.kv_len,
    asked.head_size,
    asked.element_bytes,
    device.* EXCLUDE (trace_id),
    product_constant.*,
    -- float32 runs in TF32, three products for one
    if(
      element_bytes > 2, coalesce(tf32_flops / 3, float32_flops), half_flops
    ) AS peak_flops_per_s,
    ceil(head_size / 32) * 32 AS padded_size
  FROM query_table(calls) AS asked
  INNER JOIN modelled_device AS device ON asked.trace_id = device.trace_id
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
  unnest(call), -- noqa: AL03
  cast(attention_launch_ns + if(split_count > 1, attention_split_ns, 0) + greatest(
    -- up to eight waves end together; more overlap
    if(waves <= 8, ceil(waves), waves + 0.5) * block_ns,
    attention_latency_ns + attention_step_ns * step_count / split_count * padded_size / 64,
    2 * (sequence_count * query_len + key_sequence_count * kv_len)
    * head_size * element_bytes / (bytes_per_s * attention_bytes_share) * 1e9
  ) AS BIGINT) AS expected_ns
FROM timed
WHERE sequence_count * query_len * key_len * head_size * element_bytes * peak_flops_per_s > 0
