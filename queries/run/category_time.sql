-- category_time: the work of each category in each component, summed.
--
-- Why:     most answers are sums over categories. Computed once, a sum is the same in every answer:
--          with attention as core and as module, as profiled and scaled to a whole request.
-- Grain:   one row per (trace_id, scope, attention_partition, time_source, component, category)
-- Inputs:  work_sum, component_scale
-- Columns:
--   trace_id             trace.trace_id
--   scope                'profile' as recorded | 'request' scaled by component_scale
--   attention_partition  'core' (QK^T, softmax, AV) | 'module' (projections too)
--   time_source          'gpu' | 'cpu' | 'predicted': where the times come from
--   component            see work_component; 'unattributed' if no range covers the work
--   category             see work_category
--   work_count           work items recorded, in either scope
--   work_ns              ns, sum of durations; concurrent work counts twice
--   costed_ns            ns of the work whose FLOPs are known; 0 if there is none
--   flops                FLOPs of the operators with known shapes; NULL if there are none, or
--                        beyond int64
--   bytes                bytes read and written by them; NULL as flops
--   peak_ns              ns that the FLOPs take at the peaks of their arithmetic; NULL if unknown
--   arithmetic           see work_sum
-- Never:   WHERE costed_ns > work_ns OR work_count < 1
WITH scope AS (SELECT unnest(['profile', 'request']) AS scope),

partition AS (SELECT unnest(['core', 'module']) AS attention_partition),

categorized AS (
  SELECT
    trace_id,
    component,
    work_sum.time_source,
    work_sum.category,
    work_sum.module_category,
    component_scale.request_scale,
    sum(work_sum.work_count) AS work_count,
    sum(work_sum.work_ns) AS work_ns,
    sum(if(work_sum.has_cost, work_sum.work_ns, 0)) AS costed_ns,
    sum(work_sum.flops) AS flops,
    sum(work_sum.bytes) AS bytes,
    -- a peak that one of them lacks makes the sum unknown
    if(bool_or(work_sum.flops > 0 AND work_sum.peak_ns IS NULL), NULL, sum(work_sum.peak_ns))
      AS peak_ns,
    arg_max(work_sum.arithmetic, coalesce(work_sum.peak_ns, work_sum.flops)) AS arithmetic
  FROM work_sum
  INNER JOIN component_scale USING (trace_id, component)
  GROUP BY
    trace_id, component, work_sum.time_source, work_sum.category, work_sum.module_category,
    component_scale.request_scale
),

weighed AS (
  SELECT
    categorized.*,
    scope.scope,
    partition.attention_partition,
    if(partition.attention_partition = 'core', categorized.category, categorized.module_category)
      AS partition_category,
    if(scope.scope = 'profile', 1, categorized.request_scale) AS scale
  FROM categorized
  CROSS JOIN scope
  CROSS JOIN partition
)

SELECT
  trace_id,
  scope,
  attention_partition,
  time_source,
  component,
  partition_category AS category,
  try_cast(sum(work_count) AS BIGINT) AS work_count,
  try_cast(sum(work_ns * scale) AS BIGINT) AS work_ns,
  try_cast(sum(costed_ns * scale) AS BIGINT) AS costed_ns,
  try_cast(sum(flops * scale) AS BIGINT) AS flops,
  try_cast(sum(bytes * scale) AS BIGINT) AS bytes,
  try_cast(if(bool_or(flops > 0 AND peak_ns IS NULL), NULL, sum(peak_ns * scale)) AS DECIMAL(38, 6))
    AS peak_ns,
  arg_max(arithmetic, coalesce(peak_ns, flops) * scale) AS arithmetic
FROM weighed
GROUP BY trace_id, scope, attention_partition, time_source, component, partition_category
