-- work_counter: hardware counters of each kernel of a timeline, from the best counter trace.
--
-- Why:     counters belong to kernels of another trace. If several counter traces matched, their
--          bytes would add up on one kernel, so one of them is chosen.
-- Grain:   one row per (timeline_trace_id, work_id, metric)
-- Inputs:  kernel_metric, counter_match
-- Columns:
--   timeline_trace_id  trace.trace_id of the timeline
--   work_id            work.work_id of the kernel
--   metric_trace_id    trace.trace_id of the counter trace with most of the timeline's kernels
--   metric             kernel_metric.metric
--   value              value in the metric's base unit
-- Never:   GROUP BY timeline_trace_id HAVING count(DISTINCT metric_trace_id) > 1
WITH best AS (
  SELECT
    timeline_trace_id,
    metric_trace_id
  FROM counter_match
  GROUP BY timeline_trace_id, metric_trace_id
  QUALIFY
    row_number() OVER (PARTITION BY timeline_trace_id ORDER BY count(*) DESC, metric_trace_id) = 1
)

SELECT
  pair.timeline_trace_id,
  pair.kernel_id AS work_id,
  pair.metric_trace_id,
  kernel_metric.metric,
  kernel_metric.value
FROM counter_match AS pair
INNER JOIN best USING (timeline_trace_id, metric_trace_id)
INNER JOIN kernel_metric
  ON pair.metric_trace_id = kernel_metric.trace_id AND pair.ordinal = kernel_metric.ordinal
WHERE kernel_metric.value IS NOT NULL
