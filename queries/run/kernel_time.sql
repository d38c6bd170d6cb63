-- kernel_time: how often each kernel ran for each operator, and how long it took.
--
-- Why:     a median needs every duration, so it is taken once, when the trace is loaded.
-- Grain:   one row per (trace_id, kernel_name, op_name, category)
-- Inputs:  work, work_op, work_category, kernel
-- From:    work
-- Columns:
--   trace_id        trace.trace_id
--   time_source     work.time_source
--   kernel_name     work.name
--   op_name         work_op.op_name
--   category        work_category.category
--   work_count      executions
--   work_ns         ns, sum of durations; a DECIMAL, see work_sum
--   min_ns          ns, shortest
--   median_ns       ns
--   max_ns          ns, longest
--   occupancy_frac  mean of kernel.occupancy_frac, weighed by time; NULL if not recorded, like the
--                   next two
--   warps_per_sm    mean of kernel.warps_per_sm, weighed by time
--   blocks_per_sm   mean of kernel.blocks_per_sm, weighed by time
-- Never:   WHERE work_count < 1 OR min_ns > median_ns OR median_ns > max_ns
WITH estimated AS (
  -- few profilers write these: most traces have no such row
  SELECT trace_id, kernel_id, occupancy_frac, warps_per_sm, blocks_per_sm
  FROM kernel
  WHERE coalesce(occupancy_frac, warps_per_sm, blocks_per_sm) IS NOT NULL
)

SELECT
  trace_id,
  any_value(work.time_source) AS time_source,
  work.name AS kernel_name,
  work_op.op_name,
  work_category.category,
  count(*) AS work_count,
  sum(work.dur_ns)::DECIMAL(38, 0) AS work_ns,
  min(work.dur_ns) AS min_ns,
  try_cast(median(work.dur_ns) AS BIGINT) AS median_ns,
  max(work.dur_ns) AS max_ns,
  sum(kernel.occupancy_frac * work.dur_ns)
  / nullif(sum(work.dur_ns) FILTER (WHERE kernel.occupancy_frac IS NOT NULL), 0)
    AS occupancy_frac,
  sum(kernel.warps_per_sm * work.dur_ns)
  / nullif(sum(work.dur_ns) FILTER (WHERE kernel.warps_per_sm IS NOT NULL), 0) AS warps_per_sm,
  sum(kernel.blocks_per_sm * work.dur_ns)
  / nullif(sum(work.dur_ns) FILTER (WHERE kernel.blocks_per_sm IS NOT NULL), 0) AS blocks_per_sm
FROM work
INNER JOIN work_op USING (trace_id, work_id)
INNER JOIN work_category USING (trace_id, work_id)
LEFT JOIN estimated AS kernel
  ON work.trace_id = kernel.trace_id AND work.kernel_id = kernel.kernel_id
GROUP BY trace_id, work.name, work_op.op_name, work_category.category
