-- rank_outlier: which ranks or runs differ from the rest, in what (133 lines because of measures).
--
-- Why:     nobody looks at thousands of traces. The median of the others says what is normal, and
--          the median distance from it how much is chance. In a job the rank that waits least is
--          the one that the others wait for.
-- Grain:   one row per (trace_id, measure) of a group of at least three traces: the ranks of a job,
--          or the runs of one model, device and attention
-- Inputs:  trace, time_refusal, work_sum, device_busy, rank_busy, communication, rank_collective
-- Merge:   trace, time_refusal, work_sum, device_busy, rank_busy, communication
-- Needs:   work
-- Key:     place, trace_name, rank, measure, value_ns, median_ns, excess_ns, delay_ns, score
-- Columns:
--   trace_id      trace.trace_id
--   trace_name    trace.name
--   job           folder of the ranks, or model, device and attention of the runs
--   rank          trace.rank
--   predicted     trace.predicted
--   measure       'work' (sum of durations) | 'compute' (kernels that are not collectives) |
--                 'communication' | 'wait' (for other ranks) | 'idle' (no work on the device)
--   value_ns      ns
--   median_ns     ns, median over the group
--   excess_ns     ns, value_ns - median_ns
--   excess_frac   excess_ns by median_ns; NULL if that is 0
--   score         excess_ns by 1.4826 times the median distance from the median, which is the
--                 standard deviation if values are normal (Iglewicz and Hoaglin call 3.5 an
--                 outlier); NULL if that distance is 0
--   delay_ns      ns by which this rank holds the others up, or the run is slower: the excess of
--                 compute, idle and, without ranks, work; of waiting, what it waits less
--   place         1 for the trace of the group with the largest delay_ns of any measure
-- Plot:    Which ranks or runs delay the rest, and by what
-- Never:   WHERE excess_ns <> value_ns - median_ns OR delay_ns < 0 OR place < 1
WITH member AS (
  SELECT
    trace_id,
    name AS trace_name,
    rank,
    predicted,
    if(
      rank IS NULL,
      nullif(concat_ws(', ', model, device_name, attention), ''),
      parse_dirpath(path) || ' of ' || coalesce(world_size, 0)
    ) AS job
  FROM trace
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
),

-- the median of all and how far each is from it
centred AS (
  SELECT
    *,
    quantile_disc(value_ns, 0.5) OVER alike AS median_ns,
    value_ns - median_ns AS excess_ns
  FROM measured
  WHERE value_ns IS NOT NULL
  WINDOW alike AS (PARTITION BY job, measure)
  QUALIFY count(*) OVER alike >= 3
),

spread AS (
  SELECT job, measure, quantile_disc(abs(excess_ns), 0.5) AS distance_ns
  FROM centred
  GROUP BY job, measure
),

delayed AS (
  SELECT
    centred.*,
    excess_ns / nullif(1.4826 * spread.distance_ns, 0) AS score,
    CASE
      WHEN measure IN ('compute', 'idle') OR (measure = 'work' AND rank IS NULL)
        THEN greatest(excess_ns, 0)
      WHEN measure = 'wait' THEN greatest(-excess_ns, 0)
      ELSE 0
    END AS delay_ns,
    max(delay_ns) OVER (PARTITION BY trace_id) AS worst_ns
  FROM centred
  INNER JOIN spread USING (job, measure)
)

SELECT
  trace_id,
  trace_name,
  job,
  rank,
  predicted,
  measure,
  value_ns,
  median_ns,
  excess_ns,
  excess_ns / nullif(median_ns, 0) AS excess_frac,
  score,
  delay_ns,
  dense_rank() OVER (PARTITION BY job ORDER BY worst_ns DESC, trace_id) AS place
FROM delayed
ORDER BY job, place, delay_ns DESC, measure
