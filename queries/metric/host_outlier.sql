-- host_outlier: which hosts are slow, and in what.
--
-- Why:     a hot or badly set up machine slows all of its ranks a little, and none of them need be
--          an outlier by itself. The median of a host's ranks shows it, compared with the median
--          of all and with how far the ranks of one host differ.
-- Grain:   one row per (job, host, measure) of a group with at least three traces and two hosts;
--          traces whose host is unknown are part of no row but count for the group's median
-- Inputs:  rank_measure, trace_host
-- Merge:   trace, trace_setting, time_refusal, work_sum, device_busy, rank_busy, communication,
--          trace_host
-- Needs:   work
-- Key:     place, host, measure, trace_count, value_ns, median_ns, delay_ns, score, is_slow
-- Params:
--   least_frac DOUBLE = 0.02  smallest delay, as a share of the median, of a slow host
-- Columns:
--   job              see rank_measure
--   host             see trace_host
--   host_source      see trace_host; the first in order of the alphabet if there are several
--   predicted        whether times of any of its traces are predicted
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   measure          see rank_measure
--   trace_count      traces of the host in the group
--   value_ns         ns, median over the host's traces
--   median_ns        ns, median over the group
--   excess_ns        ns, value_ns - median_ns: the median excess of the host's traces
--   excess_frac      excess_ns by median_ns; NULL if that is 0
--   late_count       traces of the host that delay the others by this measure
--   delay_ns         ns by which the host holds the others up: the excess of compute, idle and,
--                    without ranks, work; of waiting, what it waits less
--   score            excess_ns by 1.4826 times the median distance of traces from the median of
--                    their host, or of the group for the only trace of a host; NULL if that
--                    distance is 0
--   is_slow          whether delay_ns is above least_frac of the median, and the score beyond 3.5
--                    or NULL
--   place            1 for the host of the group with the largest delay_ns of any measure
-- Plot:    Which hosts are slow, and in what
-- Never:   WHERE excess_ns <> value_ns - median_ns OR late_count > trace_count OR place < 1
WITH placed AS (
  SELECT rank_measure.*, trace_host.host, trace_host.source
  FROM rank_measure
  INNER JOIN trace_host USING (trace_id)
),

summed AS (
  SELECT
    job,
    host,
    measure,
    min(source) AS host_source,
    bool_or(predicted) AS predicted,
    min(time_low_ratio) AS time_low_ratio,
    max(time_high_ratio) AS time_high_ratio,
    count(*) AS trace_count,
    quantile_disc(value_ns, 0.5) AS value_ns,
    any_value(median_ns) AS median_ns,
    quantile_disc(excess_ns, 0.5) AS excess_ns,
    any_value(delay_sign) AS delay_sign,
    count(*) FILTER (WHERE excess_ns * delay_sign > 0) AS late_count
  FROM placed
  GROUP BY job, host, measure
),

spread AS (
  SELECT
    placed.job,
    placed.measure,
    quantile_disc(
      abs(placed.value_ns - if(summed.trace_count > 1, summed.value_ns, summed.median_ns)), 0.5
    ) AS distance_ns
  FROM placed
  INNER JOIN summed USING (job, host, measure)
  GROUP BY placed.job, placed.measure
  HAVING count(DISTINCT placed.host) > 1
),

scored AS (
  SELECT
    summed.*,
    summed.excess_ns / nullif(1.4826 * spread.distance_ns, 0) AS score,
    greatest(summed.excess_ns * summed.delay_sign, 0) AS delay_ns,
    max(delay_ns) OVER (PARTITION BY summed.job, summed.host) AS worst_ns
  FROM summed
  INNER JOIN spread USING (job, measure)
)

SELECT
  job,
  host,
  host_source,
  predicted,
  time_low_ratio,
  time_high_ratio,
  measure,
  trace_count,
  value_ns,
  median_ns,
  excess_ns,
  excess_ns / nullif(median_ns, 0) AS excess_frac,
  late_count,
  delay_ns,
  score,
  delay_ns > least_frac * median_ns AND coalesce(abs(score) > 3.5, TRUE) AS is_slow,
  dense_rank() OVER (PARTITION BY job ORDER BY worst_ns DESC, host) AS place
FROM scored
ORDER BY job, place, delay_ns DESC, measure
