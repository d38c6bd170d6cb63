-- kernel_time: how often each kernel ran for each operator, and how long it took.
--
-- Why:     a median needs every duration, so it is taken once, when the trace is loaded. Names are
--          compared in the few rows of work_group, and not for each work item.
-- Grain:   one row per (trace_id, kernel_name, op_name, category)
-- Inputs:  work_group, grouped_work, work, kernel
-- From:    grouped_work, work_group
-- Columns:
--   trace_id        trace.trace_id
--   time_source     work_group.time_source
--   kernel_name     work_group.name
--   op_name         work_group.op_name
--   category        work_group.category
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
  SELECT work.trace_id, work.work_id, occupancy_frac, warps_per_sm, blocks_per_sm
  FROM kernel
  INNER JOIN work USING (trace_id, kernel_id)
  WHERE coalesce(occupancy_frac, warps_per_sm, blocks_per_sm) IS NOT NULL
),

named AS (
  SELECT
    trace_id,
    first_work_id,
    min(first_work_id) OVER (PARTITION BY trace_id, name, op_name, category) AS named_work_id
  FROM work_group
),

summed AS (
  SELECT
    trace_id,
    named.named_work_id AS first_work_id,
    count(*) AS work_count,
    sum(item.dur_ns)::DECIMAL(38, 0) AS work_ns,
    min(item.dur_ns) AS min_ns,
    try_cast(median(item.dur_ns) AS BIGINT) AS median_ns,
    max(item.dur_ns) AS max_ns,
    sum(kernel.occupancy_frac * item.dur_ns)
    / nullif(sum(item.dur_ns) FILTER (WHERE kernel.occupancy_frac IS NOT NULL), 0)
      AS occupancy_frac,
    sum(kernel.warps_per_sm * item.dur_ns)
    / nullif(sum(item.dur_ns) FILTER (WHERE kernel.warps_per_sm IS NOT NULL), 0) AS warps_per_sm,
    sum(kernel.blocks_per_sm * item.dur_ns)
    / nullif(sum(item.dur_ns) FILTER (WHERE kernel.blocks_per_sm IS NOT NULL), 0)
      AS blocks_per_sm
  FROM grouped_work AS item
  INNER JOIN named USING (trace_id, first_work_id)
  LEFT JOIN estimated AS kernel USING (trace_id, work_id)
  GROUP BY trace_id, named.named_work_id
)

SELECT
  trace_id,
  work_group.time_source,
  work_group.name AS kernel_name,
  work_group.op_name,
  work_group.category,
  summed.* EXCLUDE (trace_id, first_work_id)
FROM summed
INNER JOIN work_group USING (trace_id, first_work_id)
