-- cuda_gpu_kern_sum: device time per kernel name, as nsys stats prints it.
--
-- Why:     users of Nsight Systems look at this table first, and can compare it with the original.
-- Grain:   one row per (trace_id, name)
-- Inputs:  kernel
-- Needs:   kernel
-- Columns:
--   trace_id        trace.trace_id
--   name            kernel, demangled
--   time_frac       0..1 of the durations of all kernels listed, not of wall time ("Time (%)")
--   total_ns        ns, sum of durations; concurrent kernels count twice
--   instance_count  executions
--   avg_ns          ns
--   med_ns          ns
--   min_ns          ns
--   max_ns          ns
--   stddev_ns       ns, of the sample; 0 for a single execution
-- Never:   WHERE total_ns < max_ns OR instance_count < 1
SELECT
  trace_id,
  name,
  coalesce(sum(dur_ns) / nullif(sum(sum(dur_ns)) OVER (PARTITION BY trace_id), 0), 0) AS time_frac,
  sum(dur_ns)::BIGINT AS total_ns,
  count(*) AS instance_count,
  avg(dur_ns) AS avg_ns,
  median(dur_ns) AS med_ns,
  min(dur_ns) AS min_ns,
  max(dur_ns) AS max_ns,
  coalesce(stddev_samp(dur_ns), 0) AS stddev_ns
FROM kernel
GROUP BY trace_id, name
ORDER BY trace_id, total_ns DESC, name
