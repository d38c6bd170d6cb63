-- counter_sample: how long each sample of a GPU's counter holds, and how long kernels ran in it.
--
-- Why:     a sample is a mean over about a millisecond, with many kernels and pauses in it.
-- Grain:   one row per (trace_id, device_id, counter, start_ns) of gpu_counter that lasts
-- Inputs:  gpu_counter, kernel, interval_stretch
-- From:    gpu_counter
-- Columns:
--   trace_id   trace.trace_id
--   device_id  device.device_id
--   counter    see gpu_counter
--   start_ns   ns
--   end_ns     ns, start of the next sample, but at most twice the usual distance later; the usual
--              distance after the last one
--   value      as recorded
--   busy_ns    ns from start_ns to end_ns in which a kernel ran
-- Never:   WHERE end_ns <= start_ns OR busy_ns < 0 OR busy_ns > end_ns - start_ns
WITH spaced AS (
  SELECT
    *,
    lead(start_ns) OVER (
      PARTITION BY trace_id, device_id, counter ORDER BY start_ns
    ) - start_ns AS gap_ns
  FROM gpu_counter
),

usual AS (
  SELECT trace_id, device_id, counter, cast(median(gap_ns) AS BIGINT) AS usual_ns
  FROM spaced
  GROUP BY trace_id, device_id, counter
),

held AS (
  SELECT
    spaced.trace_id,
    spaced.device_id,
    spaced.counter,
    spaced.start_ns,
    spaced.start_ns + least(coalesce(spaced.gap_ns, usual.usual_ns), 2 * usual.usual_ns) AS end_ns,
    spaced.value
  FROM spaced
  INNER JOIN usual USING (trace_id, device_id, counter)
  WHERE usual.usual_ns > 0
),

ran AS (
  SELECT trace_id, device_id AS track, start_ns, start_ns + dur_ns AS end_ns FROM kernel
  SEMI JOIN gpu_counter USING (trace_id, device_id)
  WHERE dur_ns > 0
),

busy AS (
  SELECT
    trace_id,
    track AS device_id,
    start_ns,
    end_ns,
    before_ns
  FROM interval_stretch('ran')
),

edge AS (
  SELECT DISTINCT trace_id, device_id, unnest([start_ns, end_ns]) AS at_ns FROM held
),

-- busy time from the first kernel up to each edge
elapsed AS (
  SELECT
    edge.trace_id,
    edge.device_id,
    edge.at_ns,
    coalesce(busy.before_ns + least(edge.at_ns, busy.end_ns) - busy.start_ns, 0) AS busy_ns
  FROM edge
  ASOF LEFT JOIN busy
    ON
      edge.trace_id = busy.trace_id
      AND edge.device_id = busy.device_id
      AND edge.at_ns >= busy.start_ns
)

SELECT
  held.trace_id,
  held.device_id,
  held.counter,
  held.start_ns,
  held.end_ns,
  held.value,
  cast(closing.busy_ns - opening.busy_ns AS BIGINT) AS busy_ns
FROM held
INNER JOIN elapsed AS opening
  ON
    held.trace_id = opening.trace_id
    AND held.device_id = opening.device_id
    AND held.start_ns = opening.at_ns
INNER JOIN elapsed AS closing
  ON
    held.trace_id = closing.trace_id
    AND held.device_id = closing.device_id
    AND held.end_ns = closing.at_ns
