-- operator_breakdown: device time by class of operator, beside the baseline run's total.
--
-- Why:     says what a model spends its time on, and what is left to gain once attention is fast.
-- Grain:   one row per (trace_id, attention_partition, category)
-- Inputs:  trace, work, work_class, work_cost, run_pair
-- Columns:
--   trace_id             trace.trace_id
--   trace_name           trace.name
--   model                trace.model
--   attention            trace.attention
--   place                'gpu' | 'cpu' | 'predicted': where the time is from
--   attention_partition  'core' (QK^T, softmax, AV) | 'module' (its projections too)
--   category             see work_class
--   work_count           work items
--   work_ns              ns, sum of durations; concurrent work counts twice
--   work_frac            0..1 of the trace's work_ns
--   flops                FLOPs of the operators whose shapes are known; NULL if none is
--   bytes                bytes read and written, likewise
--   baseline_trace_id    the run this one is compared with, itself for a baseline; NULL if none
--   baseline_frac        work_ns over the baseline's whole work_ns; NULL without one
-- Never:   GROUP BY trace_id, attention_partition HAVING abs(sum(work_frac) - 1) > 1e-9
-- Plot:    Time by class of operator, before and after
WITH partition AS (SELECT unnest(['core', 'module']) AS attention_partition),

classed AS (
  SELECT
    trace_id,
    work.place,
    work_class.category,
    work_class.module_category,
    count(*) AS work_count,
    sum(work.dur_ns) AS work_ns,
    sum(work_cost.flops) AS flops,
    sum(work_cost.bytes) AS bytes
  FROM work
  INNER JOIN work_class USING (trace_id, work_id)
  LEFT JOIN work_cost USING (trace_id, work_id)
  GROUP BY trace_id, work.place, work_class.category, work_class.module_category
),

total AS (
  SELECT
    trace_id,
    sum(work_ns) AS trace_ns
  FROM classed
  GROUP BY trace_id
),

compared AS (
  SELECT
    optimized_trace_id AS trace_id,
    baseline_trace_id
  FROM run_pair
  WHERE refusal IS NULL
  UNION
  SELECT
    baseline_trace_id AS trace_id,
    baseline_trace_id
  FROM run_pair
  WHERE refusal IS NULL
)

SELECT
  classed.trace_id,
  any_value(trace.name) AS trace_name,
  any_value(trace.model) AS model,
  any_value(trace.attention) AS attention,
  any_value(classed.place) AS place,
  partition.attention_partition,
  if(partition.attention_partition = 'core', classed.category, classed.module_category) AS category,
  cast(sum(classed.work_count) AS BIGINT) AS work_count,
  cast(sum(classed.work_ns) AS BIGINT) AS work_ns,
  sum(classed.work_ns) / nullif(any_value(total.trace_ns), 0) AS work_frac,
  cast(sum(classed.flops) AS BIGINT) AS flops,
  cast(sum(classed.bytes) AS BIGINT) AS bytes,
  any_value(compared.baseline_trace_id) AS baseline_trace_id,
  sum(classed.work_ns) / nullif(any_value(baseline.trace_ns), 0) AS baseline_frac
FROM classed
CROSS JOIN partition
INNER JOIN trace USING (trace_id)
INNER JOIN total USING (trace_id)
LEFT JOIN compared USING (trace_id)
LEFT JOIN total AS baseline ON compared.baseline_trace_id = baseline.trace_id
GROUP BY
  classed.trace_id,
  partition.attention_partition,
  if(partition.attention_partition = 'core', classed.category, classed.module_category)
ORDER BY classed.trace_id ASC, partition.attention_partition ASC, work_ns DESC
