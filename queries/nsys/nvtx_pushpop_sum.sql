-- nvtx_pushpop_sum: host time per push/pop range, as nsys stats prints it.
--
-- Why:     shows where the host spent its time, by the names in the program.
-- Grain:   one row per (trace_id, range_name)
-- Inputs:  nvtx_range
-- Needs:   push_pop
-- Columns:
--   trace_id        trace.trace_id
--   range_name      see nvtx_range
--   time_frac       0..1 of the durations of all ranges listed, not of wall time ("Time (%)")
--   total_ns        ns, sum of durations; nested ranges count twice
--   instance_count  ranges
--   avg_ns          ns
--   med_ns          ns
--   min_ns          ns
--   max_ns          ns
--   stddev_ns       ns, of the sample; 0 for a single one
-- Never:   WHERE total_ns < max_ns OR instance_count < 1
SELECT
  trace_id,
  range_name,
  coalesce(sum(dur_ns) / nullif(sum(sum(dur_ns)) OVER (PARTITION BY trace_id), 0), 0) AS time_frac,
  sum(dur_ns)::BIGINT AS total_ns,
  count(*) AS instance_count,
  avg(dur_ns) AS avg_ns,
  median(dur_ns) AS med_ns,
  min(dur_ns) AS min_ns,
  max(dur_ns) AS max_ns,
  coalesce(stddev_samp(dur_ns), 0) AS stddev_ns
FROM nvtx_range
WHERE style = 'PushPop'
GROUP BY trace_id, range_name
ORDER BY trace_id, total_ns DESC, range_name
