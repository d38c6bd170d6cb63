-- sequence_length_profile: how the sequence length changes from one attention call to the next.
--
-- Why:     a denoiser goes through long and short sequences in the same order in every step, while
--          a decoder's keys grow. Memory, and the gain from a fused kernel, follow the length.
-- Grain:   one row per attention call, in order
-- Inputs:  trace, attention_call, attention_period
-- Needs:   operator, shape
-- Key:     trace_name, component, step, call_index, attention_kind, query_len, kv_len, core_ns
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   predicted        trace.predicted; core_ns and module_ns are then not measured
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   component        see work_component
--   step             step of the request; NULL if unknown
--   call_index       position of the call in the trace, from 0
--   module           attention module; 'unattributed' if unknown
--   attention_kind   see attention_call
--   source           where the kind is known from
--   query_len        query positions; NULL if no shapes were recorded
--   kv_len           key and value positions
--   heads            query heads
--   kv_heads         key and value heads
--   head_dim         width of a head
--   batch            sequences in the call
--   implementation   which kernel ran
--   core_ns          ns in QK^T, softmax and AV
--   module_ns        ns in the whole module
--   series_index     position among the calls of its component and kind, from 0
--   period_calls     smallest number of calls after which the series (component, kind) repeats,
--                    seen at least twice; NULL if it does not repeat
--   max_min_ratio    longest query divided by shortest query in the series
--   adjacent_ratio   largest ratio between the query lengths of two successive calls in the series
-- Never:   GROUP BY trace_id, call_index HAVING count(*) > 1
-- Plot:    Query length from one attention call to the next
WITH numbered AS (
  SELECT
    *,
    row_number() OVER series - 1 AS series_index,
    lag(query_len) OVER series AS previous_len
  FROM attention_call
  WINDOW series AS (PARTITION BY trace_id, component, attention_kind ORDER BY call_index)
),

series AS (
  SELECT
    trace_id,
    component,
    attention_kind,
    max(query_len) / nullif(min(query_len), 0) AS max_min_ratio,
    max(greatest(query_len, previous_len) / nullif(least(query_len, previous_len), 0))
    FILTER (WHERE previous_len IS NOT NULL) AS adjacent_ratio
  FROM numbered
  GROUP BY trace_id, component, attention_kind
)

SELECT
  numbered.trace_id,
  trace.name AS trace_name,
  trace.predicted,
  trace.time_low_ratio,
  trace.time_high_ratio,
  numbered.component,
  numbered.step,
  numbered.call_index,
  numbered.module,
  numbered.attention_kind,
  numbered.source,
  numbered.query_len,
  numbered.kv_len,
  numbered.heads,
  numbered.kv_heads,
  numbered.head_dim,
  numbered.batch,
  numbered.implementation,
  numbered.core_ns,
  numbered.module_ns,
  numbered.series_index,
  period.period_calls,
  series.max_min_ratio,
  series.adjacent_ratio
FROM numbered
INNER JOIN trace USING (trace_id)
INNER JOIN series
  ON
    numbered.trace_id = series.trace_id
    AND numbered.component = series.component
    AND numbered.attention_kind = series.attention_kind
LEFT JOIN attention_period AS period
  ON
    numbered.trace_id = period.trace_id
    AND numbered.component = period.component
    AND numbered.attention_kind = period.attention_kind
ORDER BY numbered.trace_id, numbered.call_index
