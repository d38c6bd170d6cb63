-- model_flops: FLOPs of matrix products by component, and those that a model need not compute.
--
-- Why:     utilization counts a model's FLOPs: not those that checkpointing computes again, and by
--          one convention not the scores that a causal mask hides.
-- Grain:   one row per (trace_id, component) with FLOPs
-- Inputs:  work_arithmetic, work_cost, grouped_work, work_group, work_attention, attention_call
-- Kept:    view
-- Columns:
--   trace_id          trace.trace_id
--   component         see work_component
--   arithmetic        see work_arithmetic, that of most FLOPs; NULL if unknown
--   flops             FLOPs, all of the following included
--   recomputed_flops  FLOPs of forward passes that the backward pass repeats
--   hidden_flops      FLOPs of scores that a causal mask hides, outside recomputed_flops
--   peak_ns           ns that flops without recomputed_flops take at the peaks of their arithmetic;
--                     NULL if a peak is unknown
--   hidden_ns         ns that hidden_flops take at the peaks
-- Never:   WHERE recomputed_flops + hidden_flops > flops OR hidden_ns > peak_ns
WITH hidden AS (
  SELECT
    trace_id,
    work_attention.work_id,
    -- a query sees the keys up to its own position, the last query all of them
    (least(query_len, kv_len) - 1) / (2 * nullif(kv_len, 0)) AS hidden_frac
  FROM work_attention
  INNER JOIN attention_call USING (trace_id, attention_call_id)
  WHERE work_attention.role = 'core' AND attention_call.attention_kind = 'causal'
),

item AS (
  SELECT
    work_arithmetic.trace_id,
    work_group.component,
    work_arithmetic.arithmetic,
    work_cost.flops,
    work_cost.flops * 1e9 / work_arithmetic.peak_flops_per_s AS peak_ns,
    coalesce(work_group.pass = 'recompute', FALSE) AS is_recomputed,
    if(hidden.work_id IS NULL, 0, hidden.hidden_frac) AS hidden_frac
  FROM work_arithmetic
  INNER JOIN work_cost USING (trace_id, work_id)
  INNER JOIN grouped_work USING (trace_id, work_id)
  INNER JOIN work_group USING (trace_id, first_work_id)
  LEFT JOIN hidden USING (trace_id, work_id)
)

SELECT
  trace_id,
  component,
  arg_max(arithmetic, flops) AS arithmetic,
  try_cast(sum(flops) AS BIGINT) AS flops,
  try_cast(coalesce(sum(flops) FILTER (WHERE is_recomputed), 0) AS BIGINT) AS recomputed_flops,
  coalesce(sum(flops * hidden_frac) FILTER (WHERE NOT is_recomputed), 0) AS hidden_flops,
  if(count(peak_ns) = count(*), coalesce(sum(peak_ns) FILTER (WHERE NOT is_recomputed), 0), NULL)
    AS peak_ns,
  coalesce(sum(peak_ns * hidden_frac) FILTER (WHERE NOT is_recomputed), 0) AS hidden_ns
FROM item
GROUP BY trace_id, component
