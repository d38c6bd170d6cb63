-- forward_flops: FLOPs and time of each block of a model, in forward order.
--
-- Why:     shows which level of a network does the FLOPs, and which block takes longer than its
--          FLOPs explain.
-- Grain:   one row per (trace_id, component, block), over all profiled calls
-- Inputs:  trace, work_group
-- Needs:   operator, shape
-- Key:     trace_name, component, block, work_count, work_ns, flops, flops_frac
-- Columns:
--   trace_id           trace.trace_id
--   trace_name         trace.name
--   model              trace.model
--   time_source        'gpu' | 'cpu' | 'predicted': where the times come from
--   time_low_ratio     see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio    and this times them, or less; both NULL if measured
--   component          see work_component
--   block_index        position in the component by first work, from 0
--   block              first three parts of the module's name, component included
--   work_count         work items
--   work_ns            ns, sum of durations
--   flops              FLOPs from shapes; NULL if unknown
--   bytes              bytes read and written, from shapes; NULL if unknown
--   attention_flops    FLOPs of attention cores
--   convolution_flops  FLOPs of convolutions
--   linear_flops       FLOPs of linear layers
--   flops_frac         0..1 of the component's FLOPs
-- Never:   WHERE attention_flops + convolution_flops + linear_flops > flops
-- Plot:    FLOPs of each block, in forward order
WITH known AS (
  -- of a trace without shapes nothing is known
  SELECT DISTINCT trace_id FROM work_group
  WHERE has_cost
),

blocked AS (
  SELECT
    trace_id,
    any_value(time_source) AS time_source,
    component,
    array_to_string(string_split(module, '.')[:3], '.') AS block,
    min(start_ns) AS start_ns,
    sum(work_count) AS work_count,
    sum(work_ns) AS work_ns,
    sum(flops) AS flops,
    sum(bytes) AS bytes,
    coalesce(sum(flops) FILTER (WHERE category = 'attention'), 0) AS attention_flops,
    coalesce(sum(flops) FILTER (WHERE category = 'convolution'), 0) AS convolution_flops,
    coalesce(sum(flops) FILTER (WHERE category = 'linear'), 0) AS linear_flops
  FROM work_group
  SEMI JOIN known USING (trace_id)
  WHERE module <> 'unattributed'
  GROUP BY trace_id, component, block
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.model,
  blocked.time_source,
  trace.time_low_ratio,
  trace.time_high_ratio,
  blocked.component,
  row_number() OVER (PARTITION BY trace_id, component ORDER BY start_ns, block) - 1 AS block_index,
  blocked.block,
  cast(blocked.work_count AS BIGINT) AS work_count,
  try_cast(blocked.work_ns AS BIGINT) AS work_ns,
  try_cast(blocked.flops AS BIGINT) AS flops,
  try_cast(blocked.bytes AS BIGINT) AS bytes,
  try_cast(blocked.attention_flops AS BIGINT) AS attention_flops,
  try_cast(blocked.convolution_flops AS BIGINT) AS convolution_flops,
  try_cast(blocked.linear_flops AS BIGINT) AS linear_flops,
  blocked.flops / nullif(sum(blocked.flops) OVER (PARTITION BY trace_id, component), 0)
    AS flops_frac
FROM blocked
INNER JOIN trace USING (trace_id)
ORDER BY trace_id, blocked.component, block_index
