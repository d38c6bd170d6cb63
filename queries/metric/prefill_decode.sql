-- prefill_decode: which attention calls behave like prompt prefill and which like decoding.
--
-- Why:     fused attention avoids the memory traffic of query_len * kv_len scores, so a call with a
--          single query row has little to gain.
-- Grain:   one row per (trace_id, component, attention_kind, phase)
-- Inputs:  trace, category_time, attention_call, component_scale
-- Needs:   operator, shape
-- Key:     trace_name, component, phase, call_count, core_ns, core_frac
-- Columns:
--   trace_id           trace.trace_id
--   trace_name         trace.name
--   model              trace.model
--   family             trace.family
--   predicted          trace.predicted
--   time_low_ratio     see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio    and this times them, or less; both NULL if measured
--   component          see work_component
--   attention_kind     see attention_call
--   phase              'decode': query_len is 1, so also a prefill of one token, or at most
--                      kv_len / 8; 'prefill': longer queries; 'unknown': no shapes
--   call_count         attention calls
--   call_frac          0..1 of the trace's attention calls
--   core_ns            ns in QK^T, softmax and AV
--   core_frac          0..1 of the trace's attention core time
--   work_frac          0..1 of the trace's work_ns
--   request_calls      calls in a whole request, scaled by component_scale
--   request_ns         ns, core_ns scaled to a whole request
--   request_core_frac  0..1 of the request's attention core time
--   paper_phase        the phase that the paper assigns to the family: diffusion 'prefill',
--                      transformer 'decode'; NULL for other families
--   caveat             why the rule and the paper's grouping differ; NULL if they agree
-- Never:   GROUP BY trace_id HAVING abs(sum(call_frac) - 1) > 1e-9
-- Plot:    Attention time in prefill-like and decode-like calls
WITH total AS (
  SELECT
    trace_id,
    sum(work_ns) AS trace_ns
  FROM category_time
  WHERE scope = 'profile' AND attention_partition = 'core'
  GROUP BY trace_id
),

phased AS (
  SELECT
    trace_id,
    component,
    attention_kind,
    CASE
      WHEN query_len = 1 OR query_len * 8 <= kv_len THEN 'decode'
      WHEN query_len IS NULL OR kv_len IS NULL THEN 'unknown'
      ELSE 'prefill'
    END AS phase,
    count(*) AS call_count,
    count(*) * any_value(coalesce(component_scale.request_scale, 1)) AS request_calls,
    sum(core_ns) AS core_ns,
    sum(core_ns) * any_value(coalesce(component_scale.request_scale, 1)) AS request_ns
  FROM attention_call
  LEFT JOIN component_scale USING (trace_id, component)
  GROUP BY ALL
),

grouped AS (
  SELECT
    phased.*,
    trace.name AS trace_name,
    trace.model,
    trace.family,
    trace.predicted,
    trace.time_low_ratio,
    trace.time_high_ratio,
    CASE trace.family WHEN 'diffusion' THEN 'prefill' WHEN 'transformer' THEN 'decode' END
      AS paper_phase
  FROM phased
  INNER JOIN trace USING (trace_id)
)

SELECT
  trace_id,
  grouped.trace_name,
  grouped.model,
  grouped.family,
  grouped.predicted,
  grouped.time_low_ratio,
  grouped.time_high_ratio,
  grouped.component,
  grouped.attention_kind,
  grouped.phase,
  grouped.call_count,
  grouped.call_count / sum(grouped.call_count) OVER whole AS call_frac,
  try_cast(grouped.core_ns AS BIGINT) AS core_ns,
  grouped.core_ns / nullif(sum(grouped.core_ns) OVER whole, 0) AS core_frac,
  grouped.core_ns / nullif(total.trace_ns, 0) AS work_frac,
  grouped.request_calls,
  try_cast(grouped.request_ns AS BIGINT) AS request_ns,
  grouped.request_ns / nullif(sum(grouped.request_ns) OVER whole, 0) AS request_core_frac,
  grouped.paper_phase,
  CASE
    WHEN grouped.paper_phase = 'decode' AND grouped.phase = 'prefill'
      THEN
        'each step has many query rows: tokens are decoded in parallel, keys are not cached, '
        || 'or this is a prompt or an encoder'
    WHEN grouped.paper_phase = 'prefill' AND grouped.phase = 'decode'
      THEN 'few query rows attend to a longer context in a model that is grouped with prefill'
  END AS caveat
FROM grouped
LEFT JOIN total USING (trace_id)
WINDOW whole AS (PARTITION BY trace_id)
ORDER BY trace_id, core_ns DESC, component, attention_kind, phase
