-- sequence_length_distribution: how often each sequence length is attended over, and for how long.
--
-- Why:     the counts move to longer buckets as the image grows, and most of the time can sit in
--          few of the calls.
-- Grain:   one row per (trace_id, component, attention_kind, query_len)
-- Inputs:  trace, attention_call
-- Columns:
--   trace_id        trace.trace_id
--   trace_name      trace.name
--   model           trace.model
--   image_size      pixels a side, from the manifest; NULL if it does not say
--   component       see work_component
--   attention_kind  see attention_call
--   query_len       rows that ask; NULL if no shapes were recorded
--   call_count      attention calls
--   step_count      steps they are spread over; 0 if steps are unknown
--   call_frac       0..1 of the trace's attention calls
--   core_ns         ns, QK^T, softmax and AV
--   core_frac       0..1 of the trace's attention core time
-- Never:   GROUP BY trace_id HAVING abs(sum(call_frac) - 1) > 1e-9
-- Plot:    Sequence lengths by image size, counted and weighed by time
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
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.model,
  cast(trace.manifest ->> 'image_size' AS INTEGER) AS image_size,
  bucket.component,
  bucket.attention_kind,
  bucket.query_len,
  bucket.call_count,
  bucket.step_count,
  bucket.call_count / sum(bucket.call_count) OVER (PARTITION BY trace_id) AS call_frac,
  cast(bucket.core_ns AS BIGINT) AS core_ns,
  bucket.core_ns / nullif(sum(bucket.core_ns) OVER (PARTITION BY trace_id), 0) AS core_frac
FROM bucket
INNER JOIN trace USING (trace_id)
ORDER BY trace_id, bucket.component, bucket.attention_kind, bucket.query_len
