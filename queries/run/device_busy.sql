-- device_busy: how long the devices of a trace were busy, by union of intervals.
--
-- Why:     a union sorts all kernels and copies, so it is computed once, when the trace is loaded.
-- Grain:   one row per trace with kernels or copies
-- Inputs:  kernel, gpu_copy
-- From:    kernel, gpu_copy
-- Columns:
--   trace_id        trace.trace_id
--   kernel_count    kernels
--   copy_count      copies and fills
--   kernel_ns       ns, sum of kernel durations; NULL beyond int64, as the other times
--   kernel_busy_ns  ns, union of kernels over all streams and devices
--   gpu_busy_ns     ns, union of kernels and copies
--   gpu_span_ns     ns from the first start to the last end
-- Never:   WHERE kernel_busy_ns > kernel_ns OR kernel_busy_ns > gpu_busy_ns
WITH event AS (
  SELECT
    trace_id,
    TRUE AS is_kernel,
    start_ns,
    start_ns + dur_ns AS end_ns
  FROM kernel
  UNION ALL
  SELECT
    trace_id,
    FALSE AS is_kernel,
    start_ns,
    start_ns + dur_ns AS end_ns
  FROM gpu_copy
),

-- an event adds to the union only its part after the latest earlier end
reached AS (
  SELECT
    trace_id,
    is_kernel,
    start_ns,
    end_ns,
    max(end_ns) OVER earlier AS any_reached_ns,
    max(end_ns) FILTER (WHERE is_kernel) OVER earlier AS kernel_reached_ns
  FROM event
  -- one window for both, because it sorts
  WINDOW earlier AS (
    PARTITION BY trace_id ORDER BY start_ns ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
)

SELECT
  trace_id,
  count(*) FILTER (WHERE is_kernel) AS kernel_count,
  count(*) FILTER (WHERE NOT is_kernel) AS copy_count,
  try_cast(sum(if(is_kernel, end_ns - start_ns, 0)) AS BIGINT) AS kernel_ns,
  try_cast(sum(if(
    is_kernel, greatest(end_ns - greatest(start_ns, coalesce(kernel_reached_ns, start_ns)), 0), 0
  )) AS BIGINT) AS kernel_busy_ns,
  try_cast(sum(
    greatest(end_ns - greatest(start_ns, coalesce(any_reached_ns, start_ns)), 0)
  ) AS BIGINT) AS gpu_busy_ns,
  try_cast(max(end_ns)::HUGEINT - min(start_ns) AS BIGINT) AS gpu_span_ns
FROM reached
GROUP BY trace_id
