-- rank_measure: times of each rank or run, and how far each is from the median of its group.
--
-- Why:     nobody looks at thousands of traces. The median of the others says what is normal.
--          Traces of one rank in one folder are not a job's ranks.
-- Grain:   one row per (trace_id, measure) of a group: at least three ranks of a job, or three runs
--          that repeat one another
-- Inputs:  trace, run_job, time_refusal, work_sum, device_busy, rank_busy, communication,
--          rank_collective
-- Kept:    view
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   job              folder of the ranks, see rank_collective; of runs, see run_job
--   rank             trace.rank
--   predicted        trace.predicted
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   measure          'work' (sum of durations) | 'compute' (kernels that are not collectives) |
--                    'communication' | 'wait' (for other ranks) | 'idle' (no work on the device)
--   value_ns         ns
--   median_ns        ns, median over the group
--   excess_ns        ns, value_ns - median_ns
--   delay_sign       1 if an excess delays the others or the run: of compute, idle and, without
--                    ranks, work; -1 of waiting, as the others wait for the rank that waits less; 0
--                    of the rest
-- Never:   WHERE excess_ns <> value_ns - median_ns
WITH member AS (
  SELECT
    trace_id,
    name AS trace_name,
    rank,
    predicted,
    time_low_ratio,
    time_high_ratio,
    if(
      rank IS NULL,
      run_job.job,
      regexp_replace(parse_dirpath(path), '/host=[^/]+', '') || ' of ' || coalesce(world_size, 0)
    ) AS job
  FROM trace
  LEFT JOIN run_job USING (trace_id)
),

waited AS (
  SELECT trace_id, sum(wait_ns) AS wait_ns
  FROM rank_collective
  GROUP BY trace_id
),

worked AS (
  SELECT trace_id, sum(work_ns) AS work_ns
  FROM work_sum
  GROUP BY trace_id
),

communicated AS (
  SELECT trace_id, sum(dur_ns) AS communication_ns
  FROM communication
  GROUP BY trace_id
),

measured AS (
  SELECT
    member.*,
    unnest(['work', 'compute', 'communication', 'wait', 'idle']) AS measure,
    unnest([
      cast(worked.work_ns AS BIGINT),
      rank_busy.compute_ns,
      cast(communicated.communication_ns AS BIGINT),
      cast(waited.wait_ns AS BIGINT),
      if(time_refusal.refusal IS NULL, device_busy.gpu_span_ns - device_busy.gpu_busy_ns, NULL)
    ]) AS value_ns
  FROM member
  LEFT JOIN worked USING (trace_id)
  LEFT JOIN rank_busy USING (trace_id)
  LEFT JOIN communicated USING (trace_id)
  LEFT JOIN waited USING (trace_id)
  LEFT JOIN device_busy USING (trace_id)
  LEFT JOIN time_refusal USING (trace_id)
  WHERE member.job IS NOT NULL
)

SELECT
  trace_id,
  trace_name,
  job,
  rank,
  predicted,
  time_low_ratio,
  time_high_ratio,
  measure,
  value_ns,
  quantile_disc(value_ns, 0.5) OVER alike AS median_ns,
  value_ns - median_ns AS excess_ns,
  CASE
    WHEN measure IN ('compute', 'idle') OR (measure = 'work' AND rank IS NULL) THEN 1
    WHEN measure = 'wait' THEN -1
    ELSE 0
  END AS delay_sign
FROM measured
WHERE value_ns IS NOT NULL
WINDOW alike AS (PARTITION BY job, measure)
QUALIFY if(rank IS NULL, count(*) OVER alike, count(DISTINCT rank) OVER alike) >= 3
