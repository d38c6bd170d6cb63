-- attention_split: time, FLOPs and sequence lengths of each kind of attention in each component.
--
-- Why:     a faster attention kernel helps most where sequences are long. Cross, temporal and
--          decoding attention gain far less, so a single number for attention hides where the gain
--          is.
-- Grain:   one row per (trace_id, component, attention_kind)
-- Inputs:  trace, category_time, component_scale, attention_call
-- Needs:   operator
-- Key:     trace_name, component, attention_kind, call_count, core_ns, attention_frac,
--          request_frac
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   predicted        trace.predicted
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   component        see work_component; 'unattributed' if no range covers the calls
--   attention_kind   see attention_call
--   source           where the kind is known from; several sources are joined by '+'
--   implementation   which kernel ran; several are joined by '+'
--   call_count       attention calls
--   query_len_min    shortest query; NULL if no shapes were recorded
--   query_len_max    longest query
--   kv_len_min       shortest key sequence
--   kv_len_max       longest key sequence
--   core_ns          ns, sum over QK^T, softmax and AV
--   module_ns        ns in the attention modules, projections included; NULL if modules are unknown
--   core_frac        0..1 of the trace's work_ns
--   module_frac      0..1 of the trace's work_ns
--   attention_frac   0..1 of the trace's attention core time
--   request_ns       ns, core_ns scaled to a whole request by component_scale
--   request_frac     0..1 of the request's work_ns
--   flops            FLOPs of the cores, 4 * batch * heads * query_len * kv_len * head_dim
--   module_flops     FLOPs of the whole modules
--   bytes            bytes read and written by the cores
-- Never:   GROUP BY trace_id HAVING sum(core_ns) > 0 AND abs(sum(attention_frac) - 1) > 1e-9
-- Plot:    Attention time by kind
WITH total AS (
  SELECT
    trace_id,
    sum(work_ns) FILTER (WHERE scope = 'profile') AS trace_ns,
    sum(work_ns) FILTER (WHERE scope = 'request') AS request_ns
  FROM category_time
  WHERE attention_partition = 'core'
  GROUP BY trace_id
),

split AS (
  SELECT
    trace_id,
    component,
    attention_kind,
    string_agg(DISTINCT source, '+' ORDER BY source) AS source,
    string_agg(DISTINCT implementation, '+' ORDER BY implementation) AS implementation,
    count(*) AS call_count,
    min(query_len) AS query_len_min,
    max(query_len) AS query_len_max,
    min(kv_len) AS kv_len_min,
    max(kv_len) AS kv_len_max,
    sum(core_ns) AS core_ns,
    sum(module_ns) AS module_ns,
    sum(core_flops) AS flops,
    sum(module_flops) AS module_flops,
    sum(core_bytes) AS bytes
  FROM attention_call
  GROUP BY trace_id, component, attention_kind
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.predicted,
  trace.time_low_ratio,
  trace.time_high_ratio,
  split.component,
  split.attention_kind,
  split.source,
  split.implementation,
  split.call_count,
  split.query_len_min,
  split.query_len_max,
  split.kv_len_min,
  split.kv_len_max,
  try_cast(split.core_ns AS BIGINT) AS core_ns,
  try_cast(split.module_ns AS BIGINT) AS module_ns,
  split.core_ns / nullif(total.trace_ns, 0) AS core_frac,
  split.module_ns / nullif(total.trace_ns, 0) AS module_frac,
  split.core_ns / nullif(sum(split.core_ns) OVER (PARTITION BY trace_id), 0) AS attention_frac,
  try_cast(split.core_ns * coalesce(component_scale.request_scale, 1) AS BIGINT) AS request_ns,
  split.core_ns * coalesce(component_scale.request_scale, 1) / nullif(total.request_ns, 0)
    AS request_frac,
  try_cast(split.flops AS BIGINT) AS flops,
  try_cast(split.module_flops AS BIGINT) AS module_flops,
  try_cast(split.bytes AS BIGINT) AS bytes
FROM split
INNER JOIN trace USING (trace_id)
LEFT JOIN total USING (trace_id)
LEFT JOIN component_scale USING (trace_id, component)
ORDER BY trace_id ASC, core_ns DESC, component ASC, attention_kind ASC
