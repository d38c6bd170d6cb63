-- counter_time: a GPU's counters, added up over the kernels of components and kinds of attention.
--
-- Why:     a sample belongs to no kernel; each counts for the time that it shares with one. With
--          the sums up to each sample, two look-ups give the sum over a kernel.
-- Grain:   one row per (trace_id, component, attention_kind, counter) with kernels on a GPU with
--          that counter
-- Inputs:  counter_sample, work, work_component, work_attention
-- From:    counter_sample
-- Columns:
--   trace_id        trace.trace_id
--   component       see work_component
--   attention_kind  see attention_call; 'none' for work outside attention
--   counter         see gpu_counter
--   work_ns         ns, sum of durations; concurrent work counts twice
--   sampled_ns      ns of these that lie in a sample
--   value_ns        sum of value * ns over these
--   busy_ns         ns of these, each weighed by the part of its sample in which a kernel ran
-- Never:   WHERE sampled_ns > work_ns OR busy_ns > sampled_ns + 1
WITH integral AS (
  SELECT
    *,
    busy_ns / (end_ns - start_ns) AS busy_frac,
    coalesce(sum(value * (end_ns - start_ns)) OVER earlier, 0) AS before_value_ns,
    coalesce(sum(end_ns - start_ns) OVER earlier, 0) AS before_ns,
    coalesce(sum(busy_ns) OVER earlier, 0) AS before_busy_ns
  FROM counter_sample
  WINDOW earlier AS (
    PARTITION BY trace_id, device_id, counter ORDER BY start_ns
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),

counted AS (
  SELECT DISTINCT trace_id, device_id, counter FROM counter_sample
),

edge AS (
  SELECT
    work.trace_id,
    work.device_id,
    counted.counter,
    work.work_id,
    unnest([work.start_ns, work.start_ns + work.dur_ns]) AS at_ns,
    unnest([-1, 1]) AS sign
  FROM work
  INNER JOIN counted USING (trace_id, device_id)
  WHERE work.time_source = 'gpu'
),

-- sums from the first sample up to each edge
elapsed AS (
  SELECT
    edge.trace_id,
    edge.work_id,
    edge.counter,
    edge.sign,
    least(edge.at_ns, sample.end_ns) - sample.start_ns AS inside_ns,
    edge.sign * (sample.before_ns + inside_ns) AS sampled_ns,
    edge.sign * (sample.before_value_ns + inside_ns * sample.value) AS value_ns,
    edge.sign * (sample.before_busy_ns + inside_ns * sample.busy_frac) AS busy_ns
  FROM edge
  ASOF LEFT JOIN integral AS sample
    ON
      edge.trace_id = sample.trace_id
      AND edge.device_id = sample.device_id
      AND edge.counter = sample.counter
      AND edge.at_ns >= sample.start_ns
),

spent AS (
  SELECT
    trace_id,
    work_id,
    counter,
    coalesce(sum(sampled_ns), 0) AS sampled_ns,
    coalesce(sum(value_ns), 0) AS value_ns,
    coalesce(sum(busy_ns), 0) AS busy_ns
  FROM elapsed
  GROUP BY trace_id, work_id, counter
)

SELECT
  trace_id,
  work_component.component,
  work_attention.attention_kind,
  spent.counter,
  try_cast(sum(work.dur_ns) AS BIGINT) AS work_ns,
  try_cast(sum(spent.sampled_ns) AS BIGINT) AS sampled_ns,
  sum(spent.value_ns) AS value_ns,
  sum(spent.busy_ns) AS busy_ns
FROM spent
INNER JOIN work USING (trace_id, work_id)
INNER JOIN work_component USING (trace_id, work_id)
INNER JOIN work_attention USING (trace_id, work_id)
GROUP BY trace_id, work_component.component, work_attention.attention_kind, spent.counter
