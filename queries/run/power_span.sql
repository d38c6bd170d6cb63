-- power_span: the power of each GPU over a recording and its steps (133 lines because of both).
--
-- Why:     power is linear between samples at most 2 s apart (trapezoids), unknown elsewhere.
-- Grain:   one row per (trace_id, device_id, scope, step)
-- Inputs:  trace, power_sample, kernel, gpu_copy, work_step
-- From:    power_sample
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   device_id     device.device_id
--   scope         'profile' (all kernels and copies) | 'step' (the kernels of a step)
--   step          see work_step; NULL for a profile
--   span_ns       ns, first start to last end
--   log_count     samples of the device at any time, from a log for this trace
--   sample_count  samples in the span
--   covered_ns    ns of the span between two samples at most 2 s apart
--   covered_j     joules in them
-- Never:   WHERE covered_ns > span_ns OR covered_j < 0 OR sample_count > log_count
WITH sampled AS (
  SELECT
    named.trace_id,
    sample.device_id,
    sample.unix_ns - named.base_unix_ns AS at_ns,
    avg(sample.power_w) AS power_w
  FROM power_sample AS sample
  -- a sample without a name is one of every trace
  INNER JOIN (SELECT trace_id, base_unix_ns, unnest([name, NULL]) AS trace_name FROM trace) AS named
    ON sample.trace_name IS NOT DISTINCT FROM named.trace_name
  GROUP BY named.trace_id, sample.device_id, sample.unix_ns - named.base_unix_ns
),

pair AS (
  SELECT
    trace_id,
    device_id,
    at_ns,
    power_w,
    lead(at_ns) OVER in_order AS next_ns,
    lead(power_w) OVER in_order AS next_w
  FROM sampled
  WHERE at_ns IS NOT NULL
  WINDOW in_order AS (PARTITION BY trace_id, device_id ORDER BY at_ns)
),

logged AS (
  SELECT DISTINCT trace_id FROM sampled
),

-- without a log, no kernel is read
ran AS (
  SELECT trace_id, kernel_id, device_id, start_ns, start_ns + dur_ns AS end_ns FROM kernel
  SEMI JOIN logged USING (trace_id)
),

span AS (
  SELECT
    trace_id,
    device_id,
    'profile' AS scope,
    cast(NULL AS BIGINT) AS step,
    min(start_ns) AS start_ns,
    max(end_ns) AS end_ns
  FROM (
    FROM ran
    UNION ALL BY NAME
    SELECT trace_id, device_id, start_ns, start_ns + dur_ns AS end_ns FROM gpu_copy
    SEMI JOIN logged USING (trace_id)
  ) AS event
  GROUP BY trace_id, device_id
  UNION ALL
  SELECT
    trace_id,
    ran.device_id,
    'step' AS scope,
    stepped.step,
    min(ran.start_ns) AS start_ns,
    max(ran.end_ns) AS end_ns
  FROM ran
  INNER JOIN (
    SELECT trace_id, work_id AS kernel_id, step FROM work_step
    SEMI JOIN logged USING (trace_id)
    WHERE step IS NOT NULL
  ) AS stepped USING (trace_id, kernel_id)
  GROUP BY trace_id, ran.device_id, stepped.step
),

-- power is linear in each part, so that in its middle is its mean
part AS (
  SELECT
    span.trace_id,
    span.device_id,
    span.start_ns,
    span.end_ns,
    least(pair.next_ns, span.end_ns) - greatest(pair.at_ns, span.start_ns) AS part_ns,
    pair.power_w + (pair.next_w - pair.power_w)
    * ((least(pair.next_ns, span.end_ns) + greatest(pair.at_ns, span.start_ns)) / 2 - pair.at_ns)
    / (pair.next_ns - pair.at_ns) AS part_w
  FROM (SELECT DISTINCT trace_id, device_id, start_ns, end_ns FROM span) AS span
  INNER JOIN pair
    ON
      span.trace_id = pair.trace_id
      AND span.device_id = pair.device_id
      AND span.end_ns > pair.at_ns
      AND span.start_ns < pair.next_ns
  WHERE pair.next_ns - pair.at_ns <= 2000000000
),

covered AS (
  SELECT
    trace_id,
    device_id,
    start_ns,
    end_ns,
    cast(sum(part_ns) AS BIGINT) AS covered_ns,
    sum(part_ns * part_w) / 1e9 AS covered_j
  FROM part
  GROUP BY trace_id, device_id, start_ns, end_ns
)

SELECT
  span.trace_id,
  span.device_id,
  span.scope,
  span.step,
  span.end_ns - span.start_ns AS span_ns,
  count(sampled.power_w) AS log_count,
  count(*) FILTER (WHERE sampled.at_ns BETWEEN span.start_ns AND span.end_ns) AS sample_count,
  coalesce(any_value(covered.covered_ns), 0) AS covered_ns,
  coalesce(any_value(covered.covered_j), 0) AS covered_j
FROM span
LEFT JOIN sampled USING (trace_id, device_id)
LEFT JOIN covered USING (trace_id, device_id, start_ns, end_ns)
GROUP BY span.trace_id, span.device_id, span.scope, span.step, span.start_ns, span.end_ns
