-- sequence_length_distribution: how often each attention sequence length occurs, and for how long.
--
-- Why:     as the image grows the calls move to longer sequences, and a few calls can take most of
--          the time.
-- Grain:   one row per (trace_id, component, attention_kind, query_len)
-- Inputs:  trace, attention_call, component_scale
-- Needs:   operator, shape
-- Key:     trace_name, component, attention_kind, query_len, call_count, core_ns, core_frac
-- Columns:
--   trace_id           trace.trace_id
--   trace_name         trace.name
--   model              trace.model
--   attention          trace.attention
--   predicted          trace.predicted; core_ns is then not measured
--   time_low_ratio     see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio    and this times them, or less; both NULL if measured
--   image_size         image side in pixels, from the manifest; NULL if it doesn't give one
--   component          see work_component
--   attention_kind     see attention_call
--   query_len          query positions; NULL if no shapes were recorded
--   call_count         attention calls
--   step_count         steps in which the calls occur; 0 if steps are unknown
--   call_frac          0..1 of the trace's attention calls
--   core_ns            ns in QK^T, softmax and AV
--   core_frac          0..1 of the trace's attention core time
--   request_calls      calls in a whole request, scaled by component_scale
--   request_call_frac  0..1 of the request's attention calls
--   request_ns         ns, core_ns scaled to a whole request
--   request_core_frac  0..1 of the request's attention core time
-- Never:   GROUP BY trace_id HAVING abs(sum(call_frac) - 1) > 1e-9
-- Plot:    Attention sequence lengths by image size, by count and by time
WITH bucket AS (
  SELECT
    trace_id,
    component,
    attention_kind,
    query_len,
    count(*) AS call_count,
    count(DISTINCT step) AS step_count,
    sum(core_ns) AS core_ns
  FROM attention_call
  GROUP BY trace_id, component, attention_kind, query_len
),

scaled AS (
  SELECT
    bucket.*,
    bucket.call_count * coalesce(component_scale.request_scale, 1) AS request_calls,
    bucket.core_ns * coalesce(component_scale.request_scale, 1) AS request_ns
  FROM bucket
  LEFT JOIN component_scale USING (trace_id, component)
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.model,
  trace.attention,
  trace.predicted,
  trace.time_low_ratio,
  trace.time_high_ratio,
  try_cast(trace.manifest ->> 'image_size' AS INTEGER) AS image_size,
  scaled.component,
  scaled.attention_kind,
  scaled.query_len,
  scaled.call_count,
  scaled.step_count,
  scaled.call_count / sum(scaled.call_count) OVER whole AS call_frac,
  try_cast(scaled.core_ns AS BIGINT) AS core_ns,
  scaled.core_ns / nullif(sum(scaled.core_ns) OVER whole, 0) AS core_frac,
  scaled.request_calls,
  scaled.request_calls / sum(scaled.request_calls) OVER whole AS request_call_frac,
  try_cast(scaled.request_ns AS BIGINT) AS request_ns,
  scaled.request_ns / nullif(sum(scaled.request_ns) OVER whole, 0) AS request_core_frac
FROM scaled
INNER JOIN trace USING (trace_id)
WINDOW whole AS (PARTITION BY trace_id)
ORDER BY trace_id, scaled.component, scaled.attention_kind, scaled.query_len
