-- rank_outlier: which ranks or runs differ from the rest, in what.
--
-- Why:     nobody looks at thousands of traces. The median of the others says what is normal, and
--          the median distance from it how much is chance. In a job the rank that waits least is
--          the one that the others wait for.
-- Grain:   one row per (trace_id, measure) of a group of at least three traces: the ranks of a job,
--          or runs that repeat one another
-- Inputs:  rank_measure, trace_host
-- Merge:   trace, trace_setting, time_refusal, work_sum, device_busy, rank_busy, communication,
--          trace_host
-- Needs:   work
-- Key:     place, trace_name, rank, host, measure, value_ns, median_ns, delay_ns, score
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   job              see rank_measure
--   rank             trace.rank
--   host             see trace_host; NULL if unknown
--   predicted        trace.predicted
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   measure          see rank_measure
--   value_ns         ns
--   median_ns        ns, median over the group
--   excess_ns        ns, value_ns - median_ns
--   excess_frac      excess_ns by median_ns; NULL if that is 0
--   score            excess_ns by 1.4826 times the median distance from the median, which is the
--                    standard deviation if values are normal (Iglewicz and Hoaglin call 3.5 an
--                    outlier); NULL if that distance is 0
--   delay_ns         ns by which this rank holds the others up, or the run is slower: the excess of
--                    compute, idle and, without ranks, work; of waiting, what it waits less
--   place            1 for the trace of the group with the largest delay_ns of any measure
-- Plot:    Which ranks or runs delay the rest, and by what
-- Never:   WHERE excess_ns <> value_ns - median_ns OR delay_ns < 0 OR place < 1
WITH spread AS (
  SELECT job, measure, quantile_disc(abs(excess_ns), 0.5) AS distance_ns
  FROM rank_measure
  GROUP BY job, measure
),

delayed AS (
  SELECT
    rank_measure.*,
    rank_measure.excess_ns / nullif(1.4826 * spread.distance_ns, 0) AS score,
    greatest(rank_measure.excess_ns * rank_measure.delay_sign, 0) AS delay_ns,
    max(delay_ns) OVER (PARTITION BY rank_measure.trace_id) AS worst_ns
  FROM rank_measure
  INNER JOIN spread USING (job, measure)
)

SELECT
  delayed.trace_id,
  delayed.trace_name,
  delayed.job,
  delayed.rank,
  trace_host.host,
  delayed.predicted,
  delayed.time_low_ratio,
  delayed.time_high_ratio,
  delayed.measure,
  delayed.value_ns,
  delayed.median_ns,
  delayed.excess_ns,
  delayed.excess_ns / nullif(delayed.median_ns, 0) AS excess_frac,
  delayed.score,
  delayed.delay_ns,
  dense_rank() OVER (
    PARTITION BY delayed.job ORDER BY delayed.worst_ns DESC, delayed.trace_id
  ) AS place
FROM delayed
LEFT JOIN trace_host USING (trace_id)
ORDER BY delayed.job, place, delayed.delay_ns DESC, delayed.measure
