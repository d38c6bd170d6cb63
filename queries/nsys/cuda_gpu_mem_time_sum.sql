-- cuda_gpu_mem_time_sum: device time per kind of copy and fill, as nsys stats prints it.
--
-- Why:     copies are not kernels, so nsys stats has a separate table for them.
-- Grain:   one row per (trace_id, operation)
-- Inputs:  gpu_copy
-- Needs:   copy
-- Columns:
--   trace_id        trace.trace_id
--   operation       such as '[CUDA memcpy Host-to-Device]'
--   time_frac       0..1 of the durations of all operations listed, not of wall time ("Time (%)")
--   total_ns        ns, sum of durations
--   instance_count  operations
--   avg_ns          ns
--   med_ns          ns
--   min_ns          ns
--   max_ns          ns
--   stddev_ns       ns, of the sample; 0 for a single one
-- Never:   WHERE total_ns < max_ns OR instance_count < 1
SELECT
  trace_id,
  name AS operation,
  coalesce(sum(dur_ns) / nullif(sum(sum(dur_ns)) OVER (PARTITION BY trace_id), 0), 0) AS time_frac,
  sum(dur_ns)::BIGINT AS total_ns,
  count(*) AS instance_count,
  avg(dur_ns) AS avg_ns,
  median(dur_ns) AS med_ns,
  min(dur_ns) AS min_ns,
  max(dur_ns) AS max_ns,
  coalesce(stddev_samp(dur_ns), 0) AS stddev_ns
FROM gpu_copy
GROUP BY trace_id, name
ORDER BY trace_id, total_ns DESC, operation
