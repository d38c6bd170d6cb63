-- nvtx_gpu_proj_sum: NVTX ranges projected onto the device work that was launched in them.
--
-- Why:     shows when the device worked for a range, as nsys stats does. A projected time extends
--          from the first to the last operation, including gaps and other work, so projected times
--          don't add up.
-- Grain:   one row per (trace_id, range_name, style) with at least one device operation
-- Inputs:  nvtx_range, kernel, gpu_copy, runtime_call, nesting, timeline
-- Needs:   kernel, range
-- Columns:
--   trace_id            trace.trace_id
--   range_name          as in nvtx_range
--   style               'PushPop' | 'StartEnd'
--   total_proj_ns       ns, sum over ranges of first start to last end on the device
--   total_range_ns      ns, sum of the ranges' durations on the host
--   range_count         ranges
--   proj_avg_ns         ns
--   proj_med_ns         ns
--   proj_min_ns         ns
--   proj_max_ns         ns
--   proj_stddev_ns      ns, of the sample; 0 for a single one
--   total_gpu_op_count  launches of kernels, copies and fills
--   avg_gpu_op_count    launches per range
--   avg_range_level     mean number of ranges around it on its thread
--   avg_child_count     mean number of ranges with device work directly in it
-- Never:   WHERE proj_min_ns < 0 OR total_gpu_op_count < range_count
WITH RECURSIVE ranged AS (
  SELECT trace_id, range_id AS slice_id, track, start_ns, dur_ns, 0 AS tie
  FROM nvtx_range
  WHERE style <> 'Mark' AND track IS NOT NULL
),

nested AS (
  FROM nesting('ranged')
),

innermost AS (
  FROM timeline('nested')
),

operation AS (
  SELECT trace_id, process_id, correlation_id, start_ns, dur_ns FROM kernel
  UNION ALL
  SELECT trace_id, process_id, correlation_id, start_ns, dur_ns FROM gpu_copy
),

-- one row per launch, with the range around it; a call that is recorded twice is one launch
launched AS (
  SELECT
    call.trace_id,
    innermost.slice_id,
    call.correlation_id,
    min(operation.start_ns) AS start_ns,
    max(operation.start_ns + operation.dur_ns) AS end_ns
  FROM runtime_call AS call
  INNER JOIN operation USING (trace_id, process_id, correlation_id)
  ASOF INNER JOIN innermost
    ON
      call.trace_id = innermost.trace_id
      AND concat_ws(' ', call.process_id, call.thread_id) = innermost.track
      AND call.start_ns >= innermost.start_ns
  WHERE innermost.slice_id IS NOT NULL
  GROUP BY ALL
),

-- go up the stack, one level per round: a range contains the launches of its inner ranges
held AS (
  SELECT trace_id, slice_id, correlation_id, start_ns, end_ns FROM launched
  UNION ALL
  SELECT
    held.trace_id, nested.parent_id AS slice_id, held.correlation_id, held.start_ns, held.end_ns
  FROM held
  INNER JOIN nested USING (trace_id, slice_id)
  WHERE nested.parent_id IS NOT NULL
),

projected AS (
  SELECT
    trace_id,
    slice_id,
    max(end_ns) - min(start_ns) AS proj_ns,
    count(DISTINCT correlation_id) AS op_count
  FROM held
  GROUP BY trace_id, slice_id
),

child AS (
  SELECT nested.trace_id, nested.parent_id AS slice_id, count(*) AS child_count
  FROM projected
  INNER JOIN nested USING (trace_id, slice_id)
  WHERE nested.parent_id IS NOT NULL
  GROUP BY nested.trace_id, nested.parent_id
)

SELECT
  projected.trace_id,
  nvtx_range.range_name,
  nvtx_range.style,
  sum(projected.proj_ns)::BIGINT AS total_proj_ns,
  sum(nvtx_range.dur_ns)::BIGINT AS total_range_ns,
  count(*) AS range_count,
  avg(projected.proj_ns) AS proj_avg_ns,
  median(projected.proj_ns) AS proj_med_ns,
  min(projected.proj_ns) AS proj_min_ns,
  max(projected.proj_ns) AS proj_max_ns,
  coalesce(stddev_samp(projected.proj_ns), 0) AS proj_stddev_ns,
  sum(projected.op_count)::BIGINT AS total_gpu_op_count,
  avg(projected.op_count) AS avg_gpu_op_count,
  avg(nested.depth) AS avg_range_level,
  avg(coalesce(child.child_count, 0)) AS avg_child_count
FROM projected
INNER JOIN nvtx_range
  ON projected.trace_id = nvtx_range.trace_id AND projected.slice_id = nvtx_range.range_id
INNER JOIN nested
  ON projected.trace_id = nested.trace_id AND projected.slice_id = nested.slice_id
LEFT JOIN child
  ON projected.trace_id = child.trace_id AND projected.slice_id = child.slice_id
GROUP BY projected.trace_id, nvtx_range.range_name, nvtx_range.style
ORDER BY projected.trace_id, total_proj_ns DESC, range_name
