-- attention_decode: the calls of attention whose keys grow: decode steps and their prefill.
--
-- Why:     a decode step has one query, but so have attention pooling and a decoder's cross
--          attention. Only in a decode step do the keys grow by one from call to call. The prefill
--          before it is the same kind of attention, whether its mask is seen or not.
-- Grain:   one row per attention call that is such a step or prefill
-- Inputs:  attention_annotation, attention_range, attention_module, attention_context
-- From:    attention_range WHERE query_len = 1
-- Columns:
--   trace_id           trace.trace_id
--   attention_call_id  see attention_annotation
--   role               'decode' | 'prefill'
WITH call AS (
  SELECT
    enclosing.trace_id,
    enclosing.attention_call_id,
    enclosing.start_ns,
    attention_range.query_len,
    attention_range.kv_len,
    module.module IS NOT NULL AS is_named,
    -- without modules all layers of a component are one series
    dense_rank() OVER (
      ORDER BY
        enclosing.trace_id, context.component, module.module, attention_range.head_dim
    ) AS series_id
  FROM attention_annotation AS enclosing
  INNER JOIN attention_range USING (trace_id, range_id)
  INNER JOIN attention_module AS module USING (trace_id, attention_call_id)
  INNER JOIN attention_context AS context USING (trace_id, attention_call_id)
  WHERE attention_range.query_len <= attention_range.kv_len
),

shape AS (
  SELECT
    series_id,
    query_len,
    kv_len,
    is_named,
    count(*) AS call_count,
    min(start_ns) AS first_ns
  FROM call
  GROUP BY series_id, query_len, kv_len, is_named
),

shortest_prefill AS (
  SELECT
    series_id,
    min(kv_len) AS kv_len
  FROM shape
  WHERE query_len = kv_len AND query_len > 1
  GROUP BY series_id
),

step AS (
  SELECT DISTINCT
    single.series_id,
    single.kv_len,
    -- the shape of its prefill if each layer has one of each
    if(prefill.call_count = single.call_count, prefill.kv_len, NULL) AS prefill_len
  FROM shape AS single
  LEFT JOIN shape AS next
    ON
      single.series_id = next.series_id
      AND next.query_len = 1
      AND single.kv_len + 1 = next.kv_len
      AND single.first_ns < next.first_ns
  LEFT JOIN shape AS previous
    ON
      single.series_id = previous.series_id
      AND previous.query_len = 1
      AND single.kv_len - 1 = previous.kv_len
      AND single.first_ns > previous.first_ns
  LEFT JOIN shape AS prefill
    ON
      single.series_id = prefill.series_id
      AND single.kv_len - 1 = prefill.query_len
      AND single.kv_len - 1 = prefill.kv_len
      AND single.first_ns > prefill.first_ns
  LEFT JOIN shortest_prefill ON single.series_id = shortest_prefill.series_id
  WHERE
    single.query_len = 1
    AND (
      next.kv_len IS NOT NULL
      OR previous.kv_len IS NOT NULL
      OR prefill.call_count = single.call_count
      -- one module that had as many queries as keys, and now has one query and more keys
      OR (single.is_named AND shortest_prefill.kv_len < single.kv_len)
    )
),

found AS (
  SELECT series_id, 1 AS query_len, kv_len FROM step
  UNION
  SELECT series_id, prefill_len AS query_len, prefill_len AS kv_len FROM step
  WHERE prefill_len IS NOT NULL
  UNION
  -- whatever else a module does that decodes, such as a prefill in parts
  SELECT shape.series_id, shape.query_len, shape.kv_len FROM shape
  SEMI JOIN step USING (series_id)
  WHERE shape.is_named AND shape.query_len > 1
)

SELECT
  call.trace_id,
  call.attention_call_id,
  if(call.query_len = 1, 'decode', 'prefill') AS role
FROM call
SEMI JOIN found USING (series_id, query_len, kv_len)
