-- mfu: model FLOPs utilization by component and of the request (145 lines because of its columns).
--
-- Why:     the usual measure of how well a model uses its devices. Two conventions differ by up to
--          two in attention: mfu counts all scores, as that of PaLM does; causal_mfu leaves out
--          those that a causal mask hides. Recomputed FLOPs are in neither. Products inside fused
--          kernels are unknown, so all are lower bounds if costed_frac is low.
-- Grain:   one row per (trace_id, scope, component); component 'all' is the whole
-- Inputs:  trace, work_group, model_flops, work_sum, component_scale, device_busy, time_refusal
-- Needs:   operator, shape
-- Key:     trace_name, scope, component, work_ns, costed_frac, busy_mfu, mfu, causal_mfu
-- Columns:
--   trace_id          trace.trace_id
--   trace_name        trace.name
--   model             trace.model
--   time_source       'gpu' | 'cpu' | 'predicted': where the times come from
--   time_low_ratio    see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio   and this times them, or less; both NULL if measured
--   scope             'profile' as recorded | 'request' scaled by component_scale
--   component         see work_component; 'all' for the whole
--   arithmetic        see work_arithmetic, that of most FLOPs; NULL if unknown
--   work_ns           ns, sum of durations over all devices; concurrent work counts twice
--   costed_frac       0..1 of work_ns whose FLOPs are known
--   flops             FLOPs, recomputed ones included
--   recomputed_flops  of them, FLOPs of forward passes that the backward pass repeats
--   hidden_flops      of them, FLOPs of scores that a causal mask hides
--   peak_ns           ns that flops without recomputed_flops take at the peaks of their arithmetic;
--                     NULL without a peak for each
--   busy_mfu          peak_ns / work_ns: utilization while kernels run
--   elapsed_ns        ns; of the profile from the first start to the last end of device work, of
--                     the request as measured without a profiler; NULL if unknown, or by component
--   device_count      devices with work
--   mfu               peak_ns / (elapsed_ns * device_count): with the time that devices are idle
--   causal_busy_mfu   busy_mfu without hidden_flops
--   causal_mfu        mfu without hidden_flops
--   refusal           why busy_mfu is unknown; NULL if it is known
-- Never:   WHERE busy_mfu > 1 OR mfu > 1 OR causal_mfu > mfu
--          OR (busy_mfu IS NULL) <> (refusal IS NOT NULL)
-- Plot:    Model FLOPs utilization of each component
WITH timed AS (
  SELECT
    trace_id,
    component,
    any_value(time_source) AS time_source,
    sum(work_ns) AS work_ns,
    sum(if(has_cost, work_ns, 0)) AS costed_ns
  FROM work_sum
  -- of a trace without shapes nothing is known
  SEMI JOIN model_flops AS known USING (trace_id)
  GROUP BY trace_id, component
),

scaled AS (
  SELECT
    timed.*,
    model_flops.* EXCLUDE (trace_id, component),
    scope.scope,
    if(scope.scope = 'profile', 1, component_scale.request_scale) AS scale
  FROM timed
  INNER JOIN component_scale USING (trace_id, component)
  LEFT JOIN model_flops USING (trace_id, component)
  CROSS JOIN (SELECT unnest(['profile', 'request']) AS scope) AS scope
),

summed AS (
  SELECT
    trace_id,
    scope,
    coalesce(component, 'all') AS component,
    grouping(component) = 1 AS is_all,
    any_value(time_source) AS time_source,
    arg_max(arithmetic, flops) AS arithmetic,
    sum(work_ns * scale) AS work_ns,
    sum(costed_ns * scale) AS costed_ns,
    sum(flops * scale) AS flops,
    sum(recomputed_flops * scale) AS recomputed_flops,
    sum(hidden_flops * scale) AS hidden_flops,
    -- a peak that one of them lacks makes the sum unknown
    if(bool_or(flops > 0 AND peak_ns IS NULL), NULL, sum(peak_ns * scale)) AS peak_ns,
    sum(hidden_ns * scale) AS hidden_ns
  FROM scaled
  GROUP BY GROUPING SETS ((trace_id, scope, component), (trace_id, scope))
),

used AS (
  SELECT trace_id, count(DISTINCT device_id) AS device_count
  FROM work_group
  GROUP BY trace_id
),

judged AS (
  SELECT
    summed.*,
    trace.name AS trace_name,
    trace.model,
    trace.time_low_ratio,
    trace.time_high_ratio,
    used.device_count,
    if(is_all AND time_source = 'gpu', if(
      summed.scope = 'profile',
      if(time_refusal.refusal IS NULL, device_busy.gpu_span_ns, NULL),
      nullif(try_cast(trace.manifest ->> 'wall_ns' AS BIGINT), 0)
    ), NULL) AS elapsed_ns,
    CASE
      WHEN flops IS NULL THEN 'no product with known FLOPs'
      WHEN peak_ns IS NULL THEN 'the device has no known peak for the arithmetic of some products'
      WHEN work_ns <= 0 THEN 'work without time'
      WHEN peak_ns > work_ns
        THEN 'faster than ' || arithmetic || ' allows: FLOPs or times are not as counted'
    END AS refusal
  FROM summed
  INNER JOIN trace USING (trace_id)
  INNER JOIN used USING (trace_id)
  LEFT JOIN device_busy USING (trace_id)
  LEFT JOIN time_refusal USING (trace_id)
)

SELECT
  trace_id,
  trace_name,
  model,
  time_source,
  time_low_ratio,
  time_high_ratio,
  scope,
  component,
  arithmetic,
  try_cast(work_ns AS BIGINT) AS work_ns,
  costed_ns / nullif(work_ns, 0) AS costed_frac,
  try_cast(flops AS BIGINT) AS flops,
  try_cast(recomputed_flops AS BIGINT) AS recomputed_flops,
  try_cast(hidden_flops AS BIGINT) AS hidden_flops,
  try_cast(peak_ns AS BIGINT) AS peak_ns,
  if(refusal IS NULL, peak_ns / work_ns, NULL) AS busy_mfu,
  elapsed_ns,
  device_count,
  -- a span shorter than its FLOPs take is wrong
  if(
    refusal IS NULL AND elapsed_ns * device_count >= peak_ns,
    peak_ns / nullif(elapsed_ns * device_count, 0), NULL
  ) AS mfu,
  busy_mfu * (peak_ns - hidden_ns) / nullif(peak_ns, 0) AS causal_busy_mfu,
  mfu * (peak_ns - hidden_ns) / nullif(peak_ns, 0) AS causal_mfu,
  refusal
FROM judged
ORDER BY trace_id, scope, component = 'all' DESC, work_ns DESC, component
