-- expected_time: how long each operator should have taken on its device, and the time lost.
--
-- Why:     a kernel far slower than its shapes allow is worth a look. Kernels only: at batch 1 an
--          eager run also waits for the host. Of a predicted trace, both times are predicted.
-- Grain:   one row per (trace_id, category, op_name, input_dims, dtype)
-- Inputs:  trace, work, work_op, work_category, cost_root, cpu_op, expected_call
-- Needs:   operator, shape
-- Key:     trace_name, op_name, input_dims, call_count, work_ns, expected_ns, expected_low_ns,
--          expected_high_ns, lost_ns
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
-- Never:   WHERE expected_low_ns > expected_high_ns
WITH op_work AS (
  SELECT
    work.trace_id,
    -- an operator without a cost, such as a compiled region, stands for itself
    coalesce(cost_root.has_cost, FALSE) AS is_costed,
    if(is_costed, cost_root.cost_op_id, work_op.op_id) AS op_id,
    work.time_source,
    work_category.category,
    sum(work.dur_ns)::BIGINT AS work_ns
  FROM work
  INNER JOIN work_category USING (trace_id, work_id)
  LEFT JOIN work_op USING (trace_id, work_id)
  LEFT JOIN cost_root
    ON work_op.trace_id = cost_root.trace_id AND work_op.op_id = cost_root.op_id
  GROUP BY ALL
),

op AS (
  SELECT
    trace_id,
    op_id,
    time_source,
    -- without a cost, work of several categories stays apart
    if(is_costed, NULL, category) AS own_category,
    arg_max(category, work_ns) AS category,
    sum(work_ns)::BIGINT AS work_ns
  FROM op_work
  GROUP BY trace_id, op_id, time_source, own_category
),

call AS (
  SELECT
    op.trace_id,
    op.time_source,
    op.category,
    cpu_op.name,
    cpu_op.input_dims,
    cpu_op.input_strides,
    cpu_op.input_types,
    cpu_op.concrete_inputs,
    count(op.op_id) AS call_count,
    sum(op.work_ns)::BIGINT AS work_ns
  FROM op
  SEMI JOIN cpu_op AS shaped ON op.trace_id = shaped.trace_id AND shaped.input_dims IS NOT NULL
  LEFT JOIN cpu_op ON op.trace_id = cpu_op.trace_id AND op.op_id = cpu_op.op_id
  GROUP BY ALL
),

told AS (
  SELECT
    call.*,
    list_filter(
      try(json_extract_string(call.input_types, '$[*]')),
      LAMBDA name: name NOT IN ('', 'Scalar', 'ScalarList')
    )[1] AS dtype,
    expected_call.expected_ns * call_count AS expected_ns,
    expected_call.expected_low_ns * call_count AS expected_low_ns,
    expected_call.expected_high_ns * call_count AS expected_high_ns
  FROM call
  LEFT JOIN expected_call
    ON
      call.trace_id = expected_call.trace_id AND call.name = expected_call.name
      AND call.input_dims = expected_call.input_dims
      AND call.input_strides IS NOT DISTINCT FROM expected_call.input_strides
      AND call.input_types IS NOT DISTINCT FROM expected_call.input_types
      AND call.concrete_inputs IS NOT DISTINCT FROM expected_call.concrete_inputs
)

SELECT
  trace_id,
  trace.name AS trace_name,
  told.time_source,
  any_value(trace.time_low_ratio) AS time_low_ratio,
  any_value(trace.time_high_ratio) AS time_high_ratio,
  told.category,
  told.name AS op_name,
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
  if(count(expected_ns) = count(*), sum(work_ns - expected_low_ns)::BIGINT, NULL) AS lost_high_ns
FROM told
INNER JOIN trace USING (trace_id)
GROUP BY trace_id, trace_name, told.time_source, category, op_name, input_dims, dtype
ORDER BY
  trace_id ASC, work_ns DESC, op_name ASC, input_dims ASC, dtype ASC, category ASC, time_source ASC
