-- attention_loss: the work of unfused attention calls, and what a fused kernel would leave of it.
--
-- Why:     unfused attention writes the scores to memory and reads them again. The predictor says
--          how long a fused kernel takes on this device; without one, as on a CPU, the products
--          stay and the rest of the core goes.
-- Grain:   one row per work item in the core of an attention call that runs unfused
-- Inputs:  attention_call, work_attention, work, work_op, work_call, scalar_type, kernel_rate,
--          modelled_device, costed_operator, attention_time
-- Kept:    view
-- Columns:
--   trace_id           trace.trace_id
--   work_id            work.work_id
--   attention_call_id  attention_call.attention_call_id
--   kind               'unfused_attention'
--   is_predicted       true if the predictor knows the fused kernel on this device
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
    coalesce(work_call.forward_called_ns <> work_call.called_ns, FALSE) AS is_backward,
    coalesce(costed_operator.formula IN ('mm', 'addmm', 'linear'), FALSE) AS is_product
  FROM work_attention
  SEMI JOIN (
    SELECT trace_id, attention_call_id FROM attention_call
    WHERE implementation IN ('unfused', 'math') AND core_ns > 0
  ) AS unfused USING (trace_id, attention_call_id)
  INNER JOIN work USING (trace_id, work_id)
  INNER JOIN work_call USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  LEFT JOIN costed_operator USING (op_name)
  WHERE work_attention.role = 'core'
),

summed AS (
  SELECT
    trace_id,
    attention_call_id,
    sum(dur_ns) AS core_ns,
    bool_or(is_backward) AS has_backward
  FROM core
  GROUP BY trace_id, attention_call_id
),

-- what a fused kernel needs to know
asked AS (
  SELECT
    call.trace_id,
    call.attention_call_id,
    summed.core_ns,
    summed.has_backward,
    call.batch * call.heads AS sequence_count,
    call.batch * coalesce(call.kv_heads, call.heads) AS key_sequence_count,
    call.query_len,
    call.kv_len,
    if(
      call.attention_kind = 'causal', least(call.kv_len, (call.kv_len + 128) / 2), call.kv_len
    ) AS key_len,
    call.head_dim AS head_size,
    scalar_type.item_bytes AS element_bytes
  FROM attention_call AS call
  INNER JOIN summed USING (trace_id, attention_call_id)
  INNER JOIN (SELECT DISTINCT dtype, item_bytes FROM scalar_type) AS scalar_type USING (dtype)
  -- fused kernels hold a head in registers
  WHERE call.head_dim <= 256
),

fused AS (
  SELECT
    asked.trace_id,
    asked.attention_call_id,
    asked.core_ns,
    -- the backward kernel computes five products for the forward one's two
    asked.expected_ns * if(asked.has_backward, 3.5, 1) AS fused_ns,
    kernel_rate.low_ratio * if(device.is_fitted, 1, 0.8) AS low_ratio,
    kernel_rate.high_ratio * if(device.is_fitted, 1, 1.25) AS high_ratio
  FROM attention_time('asked') AS asked
  INNER JOIN modelled_device AS device ON asked.trace_id = device.trace_id
  INNER JOIN kernel_rate ON kernel_rate.kernel_kind = 'attention'
  -- each row is there once; without this, DuckDB takes them for billions
  GROUP BY ALL
)

SELECT
  trace_id,
  core.work_id,
  attention_call_id,
  'unfused_attention' AS kind,
  fused.fused_ns IS NOT NULL AS is_predicted,
  cast(core.dur_ns * if(
    is_predicted, least(1, fused_ns * low_ratio / fused.core_ns), if(is_product, 0.5, 0)
  ) AS BIGINT) AS kept_low_ns,
  cast(core.dur_ns * if(
    is_predicted, least(1, fused_ns / fused.core_ns), if(is_product, 1, 0)
  ) AS BIGINT) AS kept_ns,
  cast(core.dur_ns * if(
    is_predicted, least(1, fused_ns * high_ratio / fused.core_ns), if(is_product, 1, 0.5)
  ) AS BIGINT) AS kept_high_ns
FROM core
LEFT JOIN fused USING (trace_id, attention_call_id)
