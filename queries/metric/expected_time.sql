-- expected_time: how long each operator should have taken on its device, and the time lost.
--
-- Why:     a kernel far slower than its shapes allow is worth a look. Kernels only: at batch 1 an
--          eager run also waits for the host. Of a predicted trace, both times are predicted.
-- Grain:   one row per (trace_id, category, op_name, input_dims, dtype)
-- Inputs:  trace, operator_sum, expected_call
-- Needs:   operator, shape
-- Key:     trace_name, op_name, input_dims, work_ns, expected_ns, expected_low_ns,
--          expected_high_ns, lost_ns, verdict
-- Columns:
--   trace_id          trace.trace_id
--   trace_name        trace.name
--   time_source       'gpu' | 'cpu' | 'predicted': where work_ns comes from
--   time_low_ratio    of work_ns, if predicted: see trace; NULL if measured
--   time_high_ratio   as time_low_ratio
--   category          see work_category; of an operator with a cost, that of most of its time
--   op_name           operator that the work belongs to; NULL if there is none
--   input_dims        its shapes; NULL if there are none
--   dtype             type of its first tensor, as the trace spells it; NULL if unknown
--   call_count        times that it ran
--   work_ns           ns, sum of durations
--   expected_ns       ns that they should have taken; NULL if unknown
--   expected_low_ns   ns that nine of ten measured calls like these took longer than
--   expected_high_ns  and less than
--   lost_ns           work_ns - expected_ns; less than 0 if faster than expected
--   lost_low_ns       work_ns - expected_high_ns
--   lost_high_ns      work_ns - expected_low_ns
--   verdict           'slower' (work_ns is over expected_high_ns) | 'in_range' | 'faster' (below
--                     expected_low_ns); NULL if unknown
-- Never:   WHERE expected_low_ns > expected_high_ns
WITH told AS (
  SELECT
    call.*,
    list_filter(
      try(json_extract_string(call.input_types, '$[*]')),
      LAMBDA name: name NOT IN ('', 'Scalar', 'ScalarList')
    )[1] AS dtype,
    expected_call.expected_ns * call_count AS expected_ns,
    expected_call.expected_low_ns * call_count AS expected_low_ns,
    expected_call.expected_high_ns * call_count AS expected_high_ns
  FROM operator_sum AS call
  LEFT JOIN expected_call USING (trace_id, signature_id)
)

SELECT
  trace_id,
  trace.name AS trace_name,
  told.time_source,
  any_value(trace.time_low_ratio) AS time_low_ratio,
  any_value(trace.time_high_ratio) AS time_high_ratio,
  told.category,
  told.op_name,
  told.input_dims,
  told.dtype,
  sum(told.call_count)::BIGINT AS call_count,
  sum(told.work_ns)::BIGINT AS work_ns,
  -- unknown for one layout is unknown for all
  if(count(expected_ns) = count(*), sum(expected_ns)::BIGINT, NULL) AS expected_ns,
  if(count(expected_ns) = count(*), sum(expected_low_ns)::BIGINT, NULL) AS expected_low_ns,
  if(count(expected_ns) = count(*), sum(expected_high_ns)::BIGINT, NULL) AS expected_high_ns,
  if(count(expected_ns) = count(*), sum(work_ns - expected_ns)::BIGINT, NULL) AS lost_ns,
  if(count(expected_ns) = count(*), sum(work_ns - expected_high_ns)::BIGINT, NULL) AS lost_low_ns,
  if(count(expected_ns) = count(*), sum(work_ns - expected_low_ns)::BIGINT, NULL) AS lost_high_ns,
  CASE
    WHEN lost_low_ns > 0 THEN 'slower'
    WHEN lost_high_ns < 0 THEN 'faster'
    WHEN lost_ns IS NOT NULL THEN 'in_range'
  END AS verdict
FROM told
INNER JOIN trace USING (trace_id)
GROUP BY trace_id, trace_name, told.time_source, category, op_name, input_dims, dtype
ORDER BY
  trace_id ASC, work_ns DESC, op_name ASC, input_dims ASC, dtype ASC, category ASC, time_source ASC
