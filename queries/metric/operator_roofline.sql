-- operator_roofline: achieved and attainable time of products (158 lines because of its columns).
--
-- Why:     names the products that lose most time against the device's peaks. FLOPs of attention
--          count masked scores too. expected_time compares all operators with what libraries reach.
-- Grain:   one row per (trace_id, op_name, input_dims, dtype, ceiling); op_name is 'uncosted' for
--          all other work
-- Inputs:  trace, product_call, costed_call, trace_ceiling
-- Needs:   operator, shape
-- Key:     trace_name, op_name, input_dims, ceiling, kernel_ns, attained_frac, lost_ns
-- Columns:
--   trace_id          trace.trace_id
--   trace_name        trace.name
--   time_source       'gpu' | 'cpu' | 'predicted': where kernel_ns comes from
--   time_low_ratio    see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio   and this times them, or less; both NULL if measured
--   op_name           outermost matrix product, convolution or attention of a chain of operators
--   input_dims        its shapes
--   dtype             type of its first tensor, as the trace spells it; NULL if unknown
--   ceiling           arithmetic it ran in, see work_arithmetic; NULL if unknown
--   call_count        calls with work
--   kernel_count      kernels, or operators in a trace without kernels
--   kernel_ns         ns, sum of their durations, casts and layout changes inside included
--   flops             FLOPs; NULL if unknown
--   bytes             inputs read once and output written once; NULL if unknown
--   attainable_ns     ns, the longer of FLOPs at the ceiling's peak and bytes at the memory's rate
--   attained_frac     attainable_ns / kernel_ns; above 1 only with a note
--   lost_ns           kernel_ns - attainable_ns; less than 0 where attained_frac is above 1
--   bound             'compute' | 'memory': the longer of the two; NULL if unknown
--   tensor_core_frac  0..1 of the matrix kernels' time on tensor cores, a lower bound if a name
--                     does not say; NULL without matrix kernels
--   note              why attained_frac is above 1; else NULL
--   refusal           why attained_frac is unknown; NULL if it is known
-- Never:   WHERE (attained_frac > 1 AND note IS NULL)
--          OR (attained_frac IS NULL) <> (refusal IS NOT NULL)
-- Plot:    Time that matrix products lose against the device's peaks
WITH shaped AS (
  -- products have few shapes, so each is parsed once
  SELECT
    trace_id,
    signature_id,
    name AS op_name,
    input_dims,
    list_filter(
      try(json_extract_string(input_types, '$[*]')),
      LAMBDA entry: entry NOT IN ('', 'Scalar', 'ScalarList')
    )[1] AS dtype,
    -- dropout_p, is_causal, or attn_bias, compute_log_sumexp, dropout_p, is_causal
    try(json_extract_string(
      concrete_inputs, if(contains(name, 'efficient'), '$[6]', '$[4]')
    )) IN ('True', 'true', '1') AS is_causal
  FROM costed_call
),

rated AS (
  SELECT
    call.*,
    if(call.product_op_id IS NULL, 'uncosted', shaped.op_name) AS op_name,
    shaped.input_dims,
    shaped.dtype,
    call.is_attention AND shaped.is_causal AS is_causal,
    call.bytes * 1e9 / trace_ceiling.peak_bytes_per_s AS memory_ns,
    if(
      call.peak_ns IS NULL OR memory_ns IS NULL OR call.is_unknown, NULL,
      greatest(call.peak_ns, memory_ns)
    ) AS attainable_ns
  FROM product_call AS call
  -- of a trace without shapes nothing is known
  SEMI JOIN product_call AS known
    ON call.trace_id = known.trace_id AND known.product_op_id IS NOT NULL
  LEFT JOIN trace_ceiling USING (trace_id)
  LEFT JOIN shaped USING (trace_id, signature_id)
),

grouped AS (
  SELECT
    trace_id,
    any_value(time_source) AS time_source,
    op_name,
    input_dims,
    dtype,
    arithmetic AS ceiling,
    count(product_op_id) AS call_count,
    sum(kernel_count) AS kernel_count,
    sum(kernel_ns) AS kernel_ns,
    sum(flops) AS flops,
    sum(bytes) AS bytes,
    bool_or(is_unknown) AS is_unknown,
    if(count(attainable_ns) = count(*), sum(attainable_ns), NULL) AS attainable_ns,
    sum(peak_ns) > sum(memory_ns) AS is_compute,
    bool_and(is_causal) AS is_causal,
    bool_or(is_winograd) AS is_winograd,
    sum(tensor_ns) AS tensor_ns,
    sum(matrix_ns) AS matrix_ns
  FROM rated
  GROUP BY trace_id, op_name, input_dims, dtype, ceiling
),

judged AS (
  SELECT
    grouped.*,
    trace.name AS trace_name,
    trace.time_low_ratio,
    trace.time_high_ratio,
    attainable_ns / nullif(kernel_ns, 0) AS share,
    CASE
      WHEN share IS NULL OR share <= 1 THEN NULL
      WHEN attainable_ns <= kernel_ns + kernel_count * trace.resolution_ns
        THEN 'within the resolution of the trace''s times'
      -- no device of device_spec reads its cache more than six times as fast as its memory
      WHEN NOT is_compute AND share <= 6
        THEN 'operands come from the cache: bytes are an upper bound of what memory moves'
      WHEN is_causal AND share <= 2
        THEN 'FLOPs of scores that a causal mask hides are counted, but need not be computed'
      WHEN is_winograd
        THEN 'Winograd''s algorithm multiplies less often than the FLOPs count'
    END AS note,
    CASE
      WHEN op_name = 'uncosted' THEN 'no matrix product, or one whose FLOPs no formula gives'
      WHEN is_unknown THEN 'the shapes recorded are not enough'
      WHEN coalesce(flops, 0) = 0 THEN 'a tensor without elements: there is nothing to multiply'
      WHEN time_source = 'predicted' THEN 'times are predicted, from the same peaks'
      WHEN attainable_ns IS NULL
        THEN 'no peak known of this device for ' || coalesce(ceiling, 'an unknown type')
      WHEN share IS NULL THEN 'kernels without time'
      WHEN share > 1 AND note IS NULL
        THEN
          if(is_compute, 'faster than ' || ceiling || ' allows', 'faster than any cache')
          || ': the arithmetic, a shape or a time is not as recorded'
    END AS refusal
  FROM grouped
  INNER JOIN trace USING (trace_id)
)

SELECT
  trace_id,
  trace_name,
  time_source,
  time_low_ratio,
  time_high_ratio,
  op_name,
  input_dims,
  dtype,
  ceiling,
  call_count,
  try_cast(kernel_count AS BIGINT) AS kernel_count,
  try_cast(kernel_ns AS BIGINT) AS kernel_ns,
  if(is_unknown OR op_name = 'uncosted', NULL, try_cast(flops AS BIGINT)) AS flops,
  if(is_unknown OR op_name = 'uncosted', NULL, try_cast(bytes AS BIGINT)) AS bytes,
  try_cast(attainable_ns AS BIGINT) AS attainable_ns,
  if(refusal IS NULL, share, NULL) AS attained_frac,
  if(refusal IS NULL, try_cast(kernel_ns - try_cast(attainable_ns AS BIGINT) AS BIGINT), NULL)
    AS lost_ns,
  if(attainable_ns IS NULL, NULL, if(is_compute, 'compute', 'memory')) AS bound,
  coalesce(tensor_ns, 0) / nullif(matrix_ns, 0) AS tensor_core_frac,
  if(refusal IS NULL, note, NULL) AS note,
  refusal
FROM judged
ORDER BY trace_id, lost_ns DESC NULLS LAST, kernel_ns DESC, op_name, input_dims
