-- run_trend: runs that repeat one another, in the order of time, and which got slower.
--
-- Why:     a model gets slower by an update that nobody measured. One run is compared with the ten
--          before it: their median says what was normal, the median distance from it how much is
--          chance.
-- Grain:   one row per whole trace of a known model and moment that repeats others; ranks of a job
--          and predicted times are left out
-- Inputs:  trace, run_job, run_moment, work_sum
-- Merge:   trace, trace_setting, run_moment, work_sum
-- Needs:   work
-- Params:
--   least_frac DOUBLE = 0.05  smallest excess, as a share of the median, that is a regression
-- Key:     run, trace_name, work_ns, median_ns, excess_frac, score, is_regression
-- Columns:
--   trace_id          trace.trace_id
--   trace_name        trace.name
--   job               see run_job
--   run               number of the run in its job in order of time, from 1
--   recorded_unix_ns  see run_moment
--   work_ns           ns, sum of durations
--   median_ns         ns, median of the ten runs before; NULL for the first run
--   excess_ns         ns, work_ns - median_ns
--   excess_frac       excess_ns by median_ns
--   score             excess_ns by 1.4826 times the median distance of the runs before from their
--                     median, as in rank_outlier; NULL if that distance is 0
--   is_regression     whether excess_frac is above least_frac and score above 3.5, or the runs
--                     before were all equal; NULL with less than three runs before
-- Plot:    Time of runs, one after the other
-- Never:   WHERE run < 1 OR excess_ns <> work_ns - median_ns
WITH worked AS (
  SELECT trace_id, cast(sum(work_ns) AS BIGINT) AS work_ns
  FROM work_sum
  GROUP BY trace_id
),

recorded AS (
  SELECT
    trace.trace_id,
    trace.name AS trace_name,
    run_job.job,
    run_moment.recorded_unix_ns,
    worked.work_ns
  FROM trace
  INNER JOIN run_job USING (trace_id)
  INNER JOIN run_moment USING (trace_id)
  INNER JOIN worked USING (trace_id)
  WHERE
    trace.model IS NOT NULL
    AND trace.rank IS NULL
    AND NOT trace.predicted
    AND trace.complete
  QUALIFY count(*) OVER (PARTITION BY job) > 1
),

ordered AS (
  SELECT
    *,
    row_number() OVER in_time AS run,
    list_sort(list(work_ns) OVER before) AS earlier
  FROM recorded
  WINDOW
    in_time AS (PARTITION BY job ORDER BY recorded_unix_ns, trace_id),
    before AS (
      PARTITION BY job ORDER BY recorded_unix_ns, trace_id
      ROWS BETWEEN 10 PRECEDING AND 1 PRECEDING
    )
),

compared AS (
  SELECT
    *,
    earlier[(len(earlier) + 1) // 2] AS median_ns,
    list_sort(list_transform(
      earlier, LAMBDA ns: abs(ns - earlier[(len(earlier) + 1) // 2])
    ))[(len(earlier) + 1) // 2] AS distance_ns,
    work_ns - median_ns AS excess_ns,
    excess_ns / nullif(median_ns, 0) AS excess_frac,
    excess_ns / nullif(1.4826 * distance_ns, 0) AS score
  FROM ordered
)

SELECT
  trace_id,
  trace_name,
  job,
  run,
  recorded_unix_ns,
  work_ns,
  median_ns,
  excess_ns,
  excess_frac,
  score,
  if(len(earlier) < 3, NULL, excess_frac > least_frac AND coalesce(score > 3.5, TRUE))
    AS is_regression
FROM compared
ORDER BY job, run
