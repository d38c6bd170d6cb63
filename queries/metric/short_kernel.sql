-- short_kernel: how many kernels are so short that launching them takes as long as running them.
--
-- Why:     a kernel of a few microseconds is bound by its launch; fusing such kernels or replaying
--          them as a graph saves more than making them faster.
-- Grain:   one row per trace with kernels
-- Inputs:  trace, kernel, kernel_launch, launch_sum
-- Needs:   kernel
-- Key:     trace_name, kernel_count, kernel_p50_ns, below_5us_count, below_5us_ns,
--          shorter_than_call_count
-- Columns:
--   trace_id                 trace.trace_id
--   trace_name               trace.name
--   kernel_count             kernels
--   kernel_ns                ns, sum of durations
--   kernel_p50_ns            ns, median duration, a measured value
--   below_1us_count          kernels shorter than 1 us
--   below_1us_ns             ns, sum of their durations
--   below_5us_count          kernels shorter than 5 us, those above included
--   below_5us_ns             ns
--   below_10us_count         kernels shorter than 10 us, those above included
--   below_10us_ns            ns
--   shorter_than_call_count  kernels alone in their call that are shorter than the call
--   launching_call_count     calls that launched a kernel
-- Never:   WHERE below_1us_count > below_5us_count OR below_5us_count > below_10us_count
--          OR below_10us_count > kernel_count OR below_10us_ns > kernel_ns
-- Plot:    How short the kernels are
WITH compared AS (
  SELECT trace_id, shorter_than_call_count AS shorter_count FROM launch_sum
  WHERE what = 'kernel' AND call_name IS NULL
),

-- also those whose first event is a copy, as in many graphs
launched AS (
  SELECT trace_id, count(DISTINCT call_id) AS call_count FROM kernel_launch
  GROUP BY trace_id
),

counted AS (
  SELECT
    trace_id,
    count(*) AS kernel_count,
    sum(dur_ns) AS kernel_ns,
    quantile_disc(dur_ns, 0.5) AS p50_ns,
    count(*) FILTER (WHERE dur_ns < 1000) AS count_1us,
    sum(dur_ns) FILTER (WHERE dur_ns < 1000) AS ns_1us,
    count(*) FILTER (WHERE dur_ns < 5000) AS count_5us,
    sum(dur_ns) FILTER (WHERE dur_ns < 5000) AS ns_5us,
    count(*) FILTER (WHERE dur_ns < 10000) AS count_10us,
    sum(dur_ns) FILTER (WHERE dur_ns < 10000) AS ns_10us
  FROM kernel
  GROUP BY trace_id
)

SELECT
  trace_id,
  trace.name AS trace_name,
  counted.kernel_count,
  try_cast(counted.kernel_ns AS BIGINT) AS kernel_ns,
  counted.p50_ns AS kernel_p50_ns,
  counted.count_1us AS below_1us_count,
  try_cast(coalesce(counted.ns_1us, 0) AS BIGINT) AS below_1us_ns,
  counted.count_5us AS below_5us_count,
  try_cast(coalesce(counted.ns_5us, 0) AS BIGINT) AS below_5us_ns,
  counted.count_10us AS below_10us_count,
  try_cast(coalesce(counted.ns_10us, 0) AS BIGINT) AS below_10us_ns,
  coalesce(compared.shorter_count, 0) AS shorter_than_call_count,
  coalesce(launched.call_count, 0) AS launching_call_count
FROM counted
INNER JOIN trace USING (trace_id)
LEFT JOIN compared USING (trace_id)
LEFT JOIN launched USING (trace_id)
ORDER BY trace_id
