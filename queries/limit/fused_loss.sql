-- fused_loss: the work of fused attention that separate products would do faster, and what stays.
--
-- Why:     a fused kernel computes blocks of 128 queries. Attention over a few frames fills an
--          eighth of a block or less, and its scores are too small to be worth avoiding. What two
--          products and a softmax take follows from the shapes; a row is written only if even
--          their high estimate is below the measured time.
-- Grain:   one row per work item in the core of such a call without backward work
-- Inputs:  attention_call, work_attention, work, work_call, scalar_type, modelled_device,
--          kernel_rate
-- Kept:    view
-- Columns:
--   trace_id           trace.trace_id
--   work_id            work.work_id
--   attention_call_id  attention_call.attention_call_id
--   kind               'fused_attention'
--   kept_low_ns        ns of it that would stay at least
--   kept_ns            ns of it that would stay
--   kept_high_ns       ns of it that would stay at most
-- Never:   WHERE kept_low_ns > kept_ns OR kept_ns > kept_high_ns OR kept_low_ns < 0
WITH core AS (
  SELECT
    trace_id,
    work_id,
    work_attention.attention_call_id,
    work.dur_ns,
    coalesce(work_call.forward_called_ns <> work_call.called_ns, FALSE) AS is_backward
  FROM work_attention
  SEMI JOIN (
    SELECT trace_id, attention_call_id FROM attention_call
    WHERE
      implementation IN ('flash', 'efficient', 'cudnn', 'fa4') AND core_ns > 0
      -- of longer ones, one block is full
      AND query_len <= 64 AND kv_len <= 64
  ) AS short USING (trace_id, attention_call_id)
  INNER JOIN work USING (trace_id, work_id)
  INNER JOIN work_call USING (trace_id, work_id)
  WHERE work_attention.role = 'core'
),

summed AS (
  SELECT
    trace_id,
    attention_call_id,
    sum(dur_ns) AS core_ns
  FROM core
  GROUP BY trace_id, attention_call_id
  HAVING NOT bool_or(is_backward)
),

shaped AS (
  SELECT
    trace_id,
    attention_call_id,
    summed.core_ns,
    call.attention_kind = 'causal' AS is_masked,
    call.batch * call.heads * call.query_len * call.kv_len AS score_count,
    call.batch * call.heads * call.head_dim * (call.query_len + call.kv_len) AS operand_count,
    -- in tiles of 32 by 32
    2 * call.batch * call.heads * call.head_dim
    * 32 * ceil(call.query_len / 32) * 32 * ceil(call.kv_len / 32) AS product_flops,
    type.item_bytes,
    device.* EXCLUDE (trace_id),
    if(
      type.item_bytes = 2, device.half_flops,
      if(device.has_tf32, device.tf32_flops, device.float32_flops)
    ) * device.peak_share * 16 / (16 + device.half_intensity)
    * (85.33 + device.half_intensity) / 85.33 AS flops_per_s
  FROM summed
  INNER JOIN attention_call AS call USING (trace_id, attention_call_id)
  INNER JOIN modelled_device AS device USING (trace_id)
  INNER JOIN (SELECT DISTINCT dtype, item_bytes FROM scalar_type) AS type USING (dtype)
),

-- one row, or DuckDB takes this for millions
rate AS (
  SELECT
    any_value(rate) FILTER (WHERE kernel_kind = 'product') AS product,
    any_value(rate) FILTER (WHERE kernel_kind = 'softmax') AS softmax
  FROM kernel_rate AS rate
),

unfused AS (
  SELECT
    shaped.trace_id,
    shaped.attention_call_id,
    shaped.core_ns,
    2 * (
      shaped.launch_ns + cold_ns + model_ratio * 1e9 * greatest(
        product_flops / flops_per_s,
        item_bytes * (operand_count + score_count) / (bytes_per_s * shaped.bytes_share)
      )
    )
    -- scaling belongs to the product, a mask is added in a pass of its own
    + if(is_masked, 2, 1) * (
      softmax.launch_ns + 1e9 * greatest(
        2 * item_bytes * score_count / (bytes_per_s * softmax.bytes_share),
        score_count / (softmax.elements_per_clock * sm_count * clock_hz)
      )
    ) AS unfused_ns,
    product.low_ratio * if(is_fitted, 1, 0.8) AS low_ratio,
    softmax.high_ratio * if(is_fitted, 1, 1.25) AS high_ratio
  FROM shaped
  CROSS JOIN rate
)

SELECT
  trace_id,
  core.work_id,
  attention_call_id,
  'fused_attention' AS kind,
  cast(core.dur_ns * unfused_ns * low_ratio / core_ns AS BIGINT) AS kept_low_ns,
  cast(core.dur_ns * unfused_ns / core_ns AS BIGINT) AS kept_ns,
  cast(core.dur_ns * unfused_ns * high_ratio / core_ns AS BIGINT) AS kept_high_ns
FROM core
INNER JOIN unfused USING (trace_id, attention_call_id)
WHERE unfused_ns * high_ratio < core_ns
