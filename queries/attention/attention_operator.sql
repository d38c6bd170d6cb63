-- attention_operator: fused attention operators, outermost of each (188 lines because of layouts).
--
-- Why:     one call appears as a chain: scaled_dot_product_attention, its flash variant, the
--          forward kernel's operator. The chain is one call, with the range of its outermost
--          operator; the inner ones show which implementation ran.
-- Grain:   one row per outermost forward attention operator
-- Inputs:  cpu_op, operator_category, fused_attention, scalar_type, nesting
-- From:    fused_attention, operator_category WHERE category = 'attention'
-- Columns:
--   trace_id        trace.trace_id
--   op_id           the outermost operator of the chain
--   track           process and thread
--   start_ns        ns
--   end_ns          ns
--   query_len       query positions; NULL if no shape shows it
--   kv_len          key and value positions
--   heads           query heads
--   kv_heads        key and value heads
--   head_dim        width of a query head
--   batch           sequences
--   dtype           element type of the query, such as 'float16'
--   is_causal       true if the operator was called with a causal mask; NULL if not recorded
--   implementation  'flash' | 'efficient' | 'cudnn' | 'math' | 'other'
WITH candidate AS (
  SELECT
    cpu_op.trace_id,
    cpu_op.op_id,
    concat_ws(' ', cpu_op.process_id, cpu_op.thread_id) AS track,
    cpu_op.start_ns,
    cpu_op.dur_ns,
    lower(cpu_op.name) AS name,
    fused_attention.name IS NOT NULL AS is_fused,
    fused_attention.formula,
    coalesce(operator_category.category = 'attention', FALSE) AS is_listed,
    try(json_extract(cpu_op.input_dims, '$[*]')) AS dims,
    try(json_extract_string(cpu_op.input_types, '$[*]')) AS types,
    try(json_extract_string(cpu_op.concrete_inputs, '$[*]')) AS arguments
  FROM cpu_op
  LEFT JOIN operator_category USING (trace_id, name)
  LEFT JOIN fused_attention USING (trace_id, name, input_dims)
  WHERE
    fused_attention.name IS NOT NULL
    OR (
      operator_category.category = 'attention'
      AND NOT contains(lower(cpu_op.name), 'backward')
      AND cpu_op.name <> 'aten::_fused_sdp_choice'
    )
),

slice AS (
  SELECT
    trace_id,
    track,
    op_id AS slice_id,
    start_ns,
    dur_ns,
    op_id AS tie
  FROM candidate
),

nested AS (
  FROM nesting('slice')
),

shaped AS (
  SELECT
    trace_id,
    op_id,
    name,
    try_cast(dims[1] AS BIGINT[]) AS query,
    try_cast(dims[2] AS BIGINT[]) AS key,
    -- int32 tensors hold the lengths of sequences that are packed into one, or of those in a cache;
    -- two bounds are those of one sequence
    list_filter(
      list_transform(
        list_filter(list_zip(dims, types), LAMBDA input: input[2] = 'int'),
        LAMBDA input: try_cast(input[1] AS BIGINT[])
      ),
      LAMBDA shape: len(shape) > 0 AND NOT (query[1] = 1 AND shape = [2])
    ) AS lengths,
    len(lengths) > 0 AND query[1] = 1
    AND list_bool_or(list_transform(lengths, LAMBDA shape: len(shape) = 1 AND shape[1] > 2))
      AS is_packed,
    -- schemas from ATen's native_functions.yaml: heads come first, except in _flash_* and
    -- _efficient_*_forward; NULL if the shapes of another library's operator don't show it
    CASE
      WHEN formula = 'attention' THEN TRUE
      WHEN formula = 'attention_by_length' THEN FALSE
      WHEN is_fused THEN NULL
      WHEN contains(name, 'scaled_dot_product') OR contains(name, 'cudnn_attention') THEN TRUE
      WHEN starts_with(name, 'aten::') OR len(query) < 4 OR len(lengths) > 0 THEN FALSE
    END AS heads_first,
    types[1] AS type,
    -- the position of is_causal in the same schemas; the efficient forward uses 1 or 2 for it
    lower(arguments[CASE
      WHEN NOT is_listed THEN NULL
      WHEN contains(name, 'flash_attention_forward') THEN 9
      WHEN contains(name, 'efficient_attention_forward') THEN 10
      WHEN contains(name, 'cudnn_attention_forward') THEN 11
      WHEN contains(name, 'dot_product_efficient') OR contains(name, 'dot_product_cudnn') THEN 7
      WHEN contains(name, 'dot_product_flash') THEN 5
      ELSE 6
    END]) AS causal
  FROM candidate
),

-- [.., heads, length, head size], with one head if that dimension is missing; elsewhere [batch,
-- length, heads, head size], and three dimensions are packed sequences, whose lengths are unknown
layout AS (
  SELECT
    *,
    CASE
      WHEN is_packed THEN NULL
      WHEN heads_first THEN query[-2]
      WHEN len(query) = 4 THEN query[2]
    END AS query_len,
    CASE
      WHEN len(lengths) > 0 THEN NULL
      WHEN heads_first THEN key[-2]
      WHEN len(query) = 4 THEN key[2]
    END AS kv_len,
    -- [batch and heads, length, head size] of another library: no model has as many heads
    NOT coalesce(heads_first OR len(query) > 3 OR query[2] <= 256, TRUE) AS is_flat,
    CASE
      WHEN is_flat THEN NULL
      WHEN heads_first THEN if(len(query) > 3, query[-3], 1)
      ELSE query[-2]
    END AS heads,
    CASE
      WHEN is_flat THEN NULL
      WHEN heads_first THEN if(len(query) > 3, key[-3], 1)
      ELSE key[-2]
    END AS kv_heads,
    CASE
      WHEN is_packed THEN NULL
      WHEN heads_first AND len(query) > 3 THEN try_cast(list_product(query[:-4]) AS BIGINT)
      WHEN heads_first THEN if(len(query) = 3, query[1], 1)
      WHEN len(query) = 4 THEN query[1]
    END AS batch
  FROM shaped
  -- an invalid length makes the whole shape unknown
  WHERE
    heads_first IS NOT NULL
    AND len(query) >= if(heads_first, 2, 3)
    AND len(list_filter(query, LAMBDA n: n > 0)) = len(query)
    AND coalesce(len(list_filter(key, LAMBDA n: n > 0)) = len(key), TRUE)
),

-- the outermost operator of the chain that has shapes gives the lengths
chained AS (
  SELECT
    nested.trace_id,
    nested.root_id AS op_id,
    arg_min(layout, nested.depth) FILTER (layout.op_id IS NOT NULL) AS form,
    string_agg(shaped.name, ' ') AS names,
    bool_or(shaped.causal IN ('true', '1', '2')) FILTER (
      shaped.causal IN ('true', 'false', '0', '1', '2')
    ) AS is_causal
  FROM nested
  INNER JOIN shaped ON nested.trace_id = shaped.trace_id AND nested.slice_id = shaped.op_id
  LEFT JOIN layout ON nested.trace_id = layout.trace_id AND nested.slice_id = layout.op_id
  GROUP BY nested.trace_id, nested.root_id
)

SELECT
  chained.trace_id,
  chained.op_id,
  nested.track,
  nested.start_ns,
  nested.end_ns,
  form.query_len,
  form.kv_len,
  form.heads,
  form.kv_heads,
  form.query[-1] AS head_dim,
  form.batch,
  scalar_type.dtype,
  chained.is_causal,
  CASE
    WHEN contains(chained.names, 'cudnn') THEN 'cudnn'
    WHEN contains(chained.names, 'flash') OR contains(chained.names, 'fmha') THEN 'flash'
    WHEN contains(chained.names, 'efficient') THEN 'efficient'
    WHEN contains(chained.names, 'attention_math') THEN 'math'
    ELSE 'other'
  END AS implementation
FROM chained
INNER JOIN nested ON chained.trace_id = nested.trace_id AND chained.op_id = nested.slice_id
LEFT JOIN scalar_type ON form.type = scalar_type.type_name
