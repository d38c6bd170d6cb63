-- kernel_summary: which kernels take the time, and which operator and category each one belongs to.
--
-- Why:     the first look at a GPU trace. In a trace without a GPU the rows are operators.
-- Grain:   one row per (trace_id, kernel_name, op_name, category)
-- Inputs:  trace, work, work_op, work_category
-- Needs:   work
-- Columns:
--   trace_id     trace.trace_id
--   trace_name   trace.name
--   model        trace.model
--   time_source  'gpu' | 'cpu' | 'predicted': where the times come from
--   kernel_name  as recorded; the operator's name if time_source is not 'gpu'
--   op_name      operator that launched it; 'unattributed' if unknown
--   category     see work_category, partition core
--   work_count   executions
--   work_ns      ns, sum of durations
--   work_frac    0..1 of the trace's work_ns
--   min_ns       ns, shortest
--   median_ns    ns
--   max_ns       ns, longest
-- Never:   GROUP BY trace_id HAVING abs(sum(work_frac) - 1) > 1e-9
-- Plot:    The kernels that take the most time
WITH total AS (
  SELECT
    trace_id,
    sum(dur_ns) AS trace_ns
  FROM work
  GROUP BY trace_id
)

SELECT
  work.trace_id,
  any_value(trace.name) AS trace_name,
  any_value(trace.model) AS model,
  any_value(work.time_source) AS time_source,
  work.name AS kernel_name,
  work_op.op_name,
  work_category.category,
  count(*) AS work_count,
  try_cast(sum(work.dur_ns) AS BIGINT) AS work_ns,
  sum(work.dur_ns) / nullif(any_value(total.trace_ns), 0) AS work_frac,
  min(work.dur_ns) AS min_ns,
  try_cast(median(work.dur_ns) AS BIGINT) AS median_ns,
  max(work.dur_ns) AS max_ns
FROM work
INNER JOIN work_op USING (trace_id, work_id)
INNER JOIN work_category USING (trace_id, work_id)
INNER JOIN total USING (trace_id)
INNER JOIN trace USING (trace_id)
GROUP BY work.trace_id, work.name, work_op.op_name, work_category.category
ORDER BY work.trace_id ASC, work_ns DESC, kernel_name ASC, op_name ASC, category ASC
