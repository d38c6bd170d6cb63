-- attention_place: attention calls by module and shape, and where the longest of each is.
--
-- Why:     a long sequence is a place in the code and a place in time; this leads to both.
-- Grain:   one row per (component, module, attention_kind, query_len, kv_len, heads, head_dim)
-- Inputs:  attention_call, work_attention, work
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   component       see attention_call
--   module          see attention_call
--   attention_kind  see attention_call
--   implementation  which kernels ran; several are joined by '+'
--   query_len       see attention_call
--   kv_len          see attention_call
--   heads           see attention_call
--   head_dim        see attention_call
--   call_count      calls
--   core_ns         ns, sum over QK^T, softmax and AV
--   core_frac       0..1 of the trace's attention core time
--   core_flops      FLOPs of the cores; NULL if unknown
--   score_bytes     bytes of the score matrix of one call; NULL if unknown
--   longest_ns      ns, the longest call
--   longest_id      work_id of the longest work of that call; NULL if it has none
WITH longest AS (
  SELECT
    work_attention.attention_call_id,
    arg_max(work.work_id, work.dur_ns) AS work_id
  FROM work_attention
  INNER JOIN work USING (trace_id, work_id)
  WHERE work_attention.trace_id = of_trace AND work_attention.role = 'core'
  GROUP BY work_attention.attention_call_id
)

SELECT
  call.component,
  call.module,
  call.attention_kind,
  string_agg(DISTINCT call.implementation, '+' ORDER BY call.implementation) AS implementation,
  call.query_len,
  call.kv_len,
  call.heads,
  call.head_dim,
  count(*) AS call_count,
  cast(sum(call.core_ns) AS BIGINT) AS core_ns,
  sum(call.core_ns) / nullif(sum(sum(call.core_ns)) OVER (), 0) AS core_frac,
  cast(sum(call.core_flops) AS DOUBLE) AS core_flops,
  max(call.score_bytes) AS score_bytes,
  max(call.core_ns) AS longest_ns,
  arg_max(longest.work_id, call.core_ns) AS longest_id
FROM attention_call AS call
LEFT JOIN longest USING (attention_call_id)
WHERE call.trace_id = of_trace
GROUP BY
  call.component,
  call.module,
  call.attention_kind,
  call.query_len,
  call.kv_len,
  call.heads,
  call.head_dim
ORDER BY core_ns DESC, call.component, call.module, call.attention_kind
