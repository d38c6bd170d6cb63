-- energy: joules of each GPU in a recording, per step, request and image, from a log of power.
--
-- Why:     the fastest run need not be the one that uses least energy. Since Ampere a sample is the
--          mean of the second before it, so a step is blurred; and some GPUs measure only a part
--          of the time (arXiv 2312.02741: 25 % on A100 and H100), so repeat what you compare.
-- Grain:   one row per (trace_id, device_id, scope, step) of traces with device work that a log of
--          power is for
-- Inputs:  trace, power_span, time_refusal, work_sum, component_scale
-- Needs:   power
-- Key:     trace_name, device_id, scope, step, coverage_frac, energy_j, request_energy_j,
--          item_energy_j, energy_refusal
-- Columns:
--   trace_id          trace.trace_id
--   trace_name        trace.name
--   device_id         device.device_id
--   scope             see power_span
--   step              see work_step; NULL for a profile
--   span_ns           ns from the first start to the last end
--   sample_count      samples in it
--   coverage_frac     0..1, the part of the span between two samples at most 2 s apart
--   mean_power_w      watts, mean over that part; NULL if refused
--   energy_j          joules, mean_power_w over the whole span; NULL if refused
--   request_energy_j  joules of a whole request: energy_j, by the work of a request over that of
--                     the profile; NULL for a step, without a manifest, or if refused
--   item_energy_j     request_energy_j by the manifest's samples or batch: of one image, video or
--                     sequence
--   energy_refusal    why the energy is unknown; NULL if it is known
-- Never:   WHERE (energy_j IS NULL) <> (energy_refusal IS NOT NULL) OR energy_j < 0
--          OR coverage_frac > 1
-- Plot:    Energy of the recording
WITH scaled AS (
  SELECT
    trace_id,
    sum(work_sum.work_ns * component_scale.request_scale) / nullif(sum(work_sum.work_ns), 0)
      AS request_scale
  FROM work_sum
  INNER JOIN component_scale USING (trace_id, component)
  GROUP BY trace_id
),

judged AS (
  SELECT
    span.*,
    span.covered_ns / nullif(span.span_ns, 0) AS coverage_frac,
    CASE
      WHEN time_refusal.refusal IS NOT NULL THEN time_refusal.refusal
      WHEN trace.base_unix_ns IS NULL
        THEN 'the trace has no wall-clock time, so no log can be aligned with it'
      WHEN span.log_count = 0 THEN 'the log has no samples of this device'
      WHEN span.covered_ns = 0
        THEN 'no samples at that time; if the log is in local time, load it with its offset'
      WHEN coverage_frac < 0.9 THEN 'samples cover less than 90 % of the time'
      WHEN span.sample_count = 0 THEN 'samples are further apart than this is long'
    END AS energy_refusal
  FROM power_span AS span
  INNER JOIN trace USING (trace_id)
  LEFT JOIN time_refusal USING (trace_id)
),

measured AS (
  SELECT
    *,
    if(energy_refusal IS NULL, 1e9 * covered_j / covered_ns, NULL) AS mean_power_w,
    mean_power_w * span_ns / 1e9 AS energy_j
  FROM judged
)

SELECT
  trace_id,
  trace.name AS trace_name,
  measured.device_id,
  measured.scope,
  measured.step,
  measured.span_ns,
  measured.sample_count,
  measured.coverage_frac,
  measured.mean_power_w,
  measured.energy_j,
  if(
    measured.scope = 'profile' AND trace.manifest IS NOT NULL,
    measured.energy_j * scaled.request_scale,
    NULL
  ) AS request_energy_j,
  request_energy_j / nullif(coalesce(
    try_cast(trace.manifest ->> 'samples' AS BIGINT), try_cast(trace.manifest ->> 'batch' AS BIGINT)
  ), 0) AS item_energy_j,
  measured.energy_refusal
FROM measured
INNER JOIN trace USING (trace_id)
LEFT JOIN scaled USING (trace_id)
ORDER BY trace_id, measured.device_id, measured.scope, measured.step
