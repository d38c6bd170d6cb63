-- cuda_api_sum: host time per CUDA call, as nsys stats prints it.
--
-- Why:     shows time lost in launching and waiting. A call that is recorded in two versions has
--          two rows.
-- Grain:   one row per (trace_id, recorded_name)
-- Inputs:  runtime_call
-- Needs:   call
-- Columns:
--   trace_id       trace.trace_id
--   name           without a version of four digits, as nsys prints it: 'cudaLaunchKernel'
--   recorded_name  with the version: 'cudaLaunchKernel_v7000'
--   time_frac      0..1 of the durations of all calls listed, not of wall time ("Time (%)")
--   total_ns       ns, sum of durations; nested and concurrent calls count twice
--   call_count     calls
--   avg_ns         ns
--   med_ns         ns
--   min_ns         ns
--   max_ns         ns
--   stddev_ns      ns, of the sample; 0 for a single call
-- Never:   WHERE total_ns < max_ns OR call_count < 1
SELECT
  trace_id,
  CASE
    WHEN length(name) > 6 AND name[-6:-5] = '_v' THEN left(name, -6)
    ELSE name
  END AS name,
  name AS recorded_name,
  coalesce(sum(dur_ns) / nullif(sum(sum(dur_ns)) OVER (PARTITION BY trace_id), 0), 0) AS time_frac,
  sum(dur_ns)::BIGINT AS total_ns,
  count(*) AS call_count,
  avg(dur_ns) AS avg_ns,
  median(dur_ns) AS med_ns,
  min(dur_ns) AS min_ns,
  max(dur_ns) AS max_ns,
  coalesce(stddev_samp(dur_ns), 0) AS stddev_ns
FROM runtime_call
GROUP BY trace_id, runtime_call.name
ORDER BY trace_id, total_ns DESC, recorded_name
