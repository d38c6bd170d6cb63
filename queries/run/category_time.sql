-- category_time: the work of each class of operator in each component, added up.
--
-- Why:     most answers are sums over classes. Made once, a sum is the same in all of them: with
--          attention as core and as module, as profiled and scaled to a whole request.
-- Grain:   one row per (trace_id, scope, attention_partition, time_source, component, category)
-- Inputs:  work, work_category, work_component, work_cost, component_scale
-- Columns:
--   trace_id             trace.trace_id
--   scope                'profile' as recorded | 'request' scaled by component_scale
--   attention_partition  'core' (QK^T, softmax, AV) | 'module' (its projections too)
--   time_source          'gpu' | 'cpu' | 'predicted': where the times come from
--   component            see work_component; 'unattributed' if no range covers the work
--   category             see work_category
--   work_count           work items recorded, in either scope
--   work_ns              ns, sum of durations; concurrent work counts twice
--   costed_ns            ns of the work whose FLOPs are known; 0 if none is
--   flops                FLOPs of the operators whose shapes are known; NULL if none is, or beyond
--                        int64
--   bytes                bytes read and written, likewise
-- Never:   WHERE costed_ns > work_ns OR work_count < 1
WITH scope AS (SELECT unnest(['profile', 'request']) AS scope),

partition AS (SELECT unnest(['core', 'module']) AS attention_partition),

classed AS (
  SELECT
    trace_id,
    component,
    work.time_source,
    work_category.category,
    work_category.module_category,
    component_scale.request_scale,
    count(*) AS work_count,
    sum(work.dur_ns) AS work_ns,
    sum(if(work_cost.flops IS NULL, 0, work.dur_ns)) AS costed_ns,
    sum(work_cost.flops) AS flops,
    sum(work_cost.bytes) AS bytes
  FROM work
  INNER JOIN work_category USING (trace_id, work_id)
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_cost USING (trace_id, work_id)
  INNER JOIN component_scale USING (trace_id, component)
  GROUP BY
    trace_id, component, work.time_source, work_category.category, work_category.module_category,
    component_scale.request_scale
),

weighed AS (
  SELECT
    classed.*,
    scope.scope,
    partition.attention_partition,
    if(partition.attention_partition = 'core', classed.category, classed.module_category)
      AS partition_category,
    if(scope.scope = 'profile', 1, classed.request_scale) AS scale
  FROM classed
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
  try_cast(sum(bytes * scale) AS BIGINT) AS bytes
FROM weighed
GROUP BY trace_id, scope, attention_partition, time_source, component, partition_category
