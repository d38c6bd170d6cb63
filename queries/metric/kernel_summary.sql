-- kernel_summary: which kernels take the time, and which operator and category each one belongs to.
--
-- Why:     the first look at a GPU trace. In a trace without a GPU the rows are operators.
-- Grain:   one row per (trace_id, kernel_name, op_name, category)
-- Inputs:  trace, kernel_time
-- Needs:   work
-- Key:     trace_name, kernel_name, category, work_count, work_ns, work_frac, median_ns
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   model            trace.model
--   time_source      'gpu' | 'cpu' | 'predicted': where the times come from
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   kernel_name      as recorded; the operator's name if time_source is not 'gpu'
--   op_name          operator that launched it; 'unattributed' if unknown
--   category         see work_category, partition core
--   work_count       executions
--   work_ns          ns, sum of durations
--   work_frac        0..1 of the trace's work_ns
--   min_ns           ns, shortest
--   median_ns        ns
--   max_ns           ns, longest
--   occupancy_frac   0..1, mean over time of the occupancy that the profiler estimates; NULL if it
--                    was not recorded, like the next two
--   warps_per_sm     warps of the grid for each multiprocessor, mean over time; below the number
--                    that fits, the grid leaves multiprocessors without work
--   blocks_per_sm    blocks of the grid for each multiprocessor, mean over time; below 1, some
--                    multiprocessors have none
-- Never:   GROUP BY trace_id HAVING abs(sum(work_frac) - 1) > 1e-9
-- Plot:    The kernels that take the most time
SELECT
  trace_id,
  trace.name AS trace_name,
  trace.model,
  kernel_time.time_source,
  trace.time_low_ratio,
  trace.time_high_ratio,
  kernel_time.kernel_name,
  kernel_time.op_name,
  kernel_time.category,
  kernel_time.work_count,
  try_cast(kernel_time.work_ns AS BIGINT) AS work_ns,
  kernel_time.work_ns / nullif(sum(kernel_time.work_ns) OVER (PARTITION BY trace_id), 0)
    AS work_frac,
  kernel_time.min_ns,
  kernel_time.median_ns,
  kernel_time.max_ns,
  kernel_time.occupancy_frac,
  kernel_time.warps_per_sm,
  kernel_time.blocks_per_sm
FROM kernel_time
INNER JOIN trace USING (trace_id)
ORDER BY trace_id ASC, work_ns DESC, kernel_name ASC, op_name ASC, category ASC
