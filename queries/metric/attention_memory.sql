-- attention_memory: how many bytes the attention score matrices take, per call shape.
--
-- Why:     without a fused kernel, each call writes batch * heads * query_len * kv_len scores,
--          which grows with the fourth power of the image side.
-- Grain:   one row per (trace_id, component, attention_kind, query_len, kv_len, heads, batch)
-- Inputs:  trace, attention_call
-- Needs:   operator, shape
-- Key:     trace_name, component, attention_kind, query_len, kv_len, score_bytes, materialized
-- Columns:
--   trace_id           trace.trace_id
--   trace_name         trace.name
--   model              trace.model
--   attention          trace.attention
--   image_size         image side in pixels, from the manifest; NULL if it doesn't give one
--   component          see work_component
--   attention_kind     see attention_call
--   query_len          query positions
--   kv_len             key and value positions
--   heads              query heads
--   batch              sequences in the call
--   dtype              element type of the queries; NULL if not recorded
--   call_count         attention calls of this shape
--   score_bytes        bytes of one call: batch * heads * query_len * kv_len * element size
--   total_score_bytes  bytes over all calls of this shape
--   materialized       true if a call wrote its scores to memory, because it was not fused
-- Never:   WHERE score_bytes * call_count <> total_score_bytes
-- Plot:    Size of the attention score matrix by query length
SELECT
  attention_call.trace_id,
  any_value(trace.name) AS trace_name,
  any_value(trace.model) AS model,
  any_value(trace.attention) AS attention,
  any_value(try_cast(trace.manifest ->> 'image_size' AS INTEGER)) AS image_size,
  attention_call.component,
  attention_call.attention_kind,
  attention_call.query_len,
  attention_call.kv_len,
  attention_call.heads,
  attention_call.batch,
  attention_call.dtype,
  count(*) AS call_count,
  attention_call.score_bytes,
  try_cast(sum(attention_call.score_bytes) AS BIGINT) AS total_score_bytes,
  bool_or(attention_call.implementation IN ('unfused', 'math')) AS materialized
FROM attention_call
INNER JOIN trace USING (trace_id)
WHERE attention_call.score_bytes IS NOT NULL
GROUP BY
  attention_call.trace_id,
  attention_call.component,
  attention_call.attention_kind,
  attention_call.query_len,
  attention_call.kv_len,
  attention_call.heads,
  attention_call.batch,
  attention_call.dtype,
  attention_call.score_bytes
ORDER BY
  attention_call.trace_id ASC, total_score_bytes DESC,
  component ASC, attention_kind ASC, query_len ASC, kv_len ASC, heads ASC, batch ASC,
  dtype ASC, score_bytes ASC
