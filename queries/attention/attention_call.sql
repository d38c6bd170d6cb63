-- attention_call: every attention call with its sequence lengths, kind and cost.
--
-- Why:     sequence length decides what attention costs, and it changes from call to call.
-- Grain:   one row per (trace_id, attention_call_id)
-- Inputs:  attention_annotation, attention_range, attention_module, attention_kind, work_attention,
--          work, work_cost, attention_context, kernel_category, scalar_type
-- From:    attention_annotation
-- Columns:
--   trace_id           trace.trace_id
--   attention_call_id  number within the trace
--   call_index         position in order of start, from 0
--   component          see work_component; 'unattributed' if no range surrounds the call
--   step               see work_step; NULL if unknown
--   module             name of the attention module; 'unattributed' if unknown
--   attention_kind     see attention_kind
--   source             where the kind comes from: 'label' | 'module' | 'shape' | 'name' | 'none'
--   query_len          query positions; NULL if no shape shows it, like the next six columns
--   kv_len             key and value positions
--   heads              query heads
--   kv_heads           key and value heads
--   head_dim           width of a query head
--   batch              sequences
--   dtype              element type of the query, such as 'float16'
--   implementation     'flash' | 'efficient' | 'cudnn' | 'math' | 'unfused' | 'fa4' | 'other'
--   start_ns           ns, start of its first work, or of the call on the host if it has no work
--   core_ns            ns, sum of QK^T, scale, mask, softmax and AV, forward and backward
--   module_ns          ns, core_ns plus the rest of its module, such as projections
--   core_flops         FLOPs of the core; NULL if unknown
--   core_bytes         bytes that the core's operators read and write; NULL if unknown
--   module_flops       FLOPs of core and module; NULL if unknown
--   score_bytes        bytes of the score matrix in the query's type: batch * heads * query_len *
--                      kv_len * element size
-- Never:   WHERE core_ns > module_ns OR core_ns < 0
WITH spent AS (
  SELECT
    work_attention.trace_id,
    work_attention.attention_call_id,
    min(work.start_ns) FILTER (work_attention.role = 'core') AS start_ns,
    try_cast(sum(work.dur_ns) FILTER (work_attention.role = 'core') AS BIGINT) AS core_ns,
    try_cast(sum(work.dur_ns) AS BIGINT) AS module_ns,
    try_cast(sum(work_cost.flops) FILTER (work_attention.role = 'core') AS BIGINT) AS core_flops,
    try_cast(sum(work_cost.bytes) FILTER (work_attention.role = 'core') AS BIGINT) AS core_bytes,
    try_cast(sum(work_cost.flops) AS BIGINT) AS module_flops,
    arg_max(kernel_category.rule, work.dur_ns) FILTER (
      work_attention.role = 'core' AND kernel_category.category = 'attention'
    ) AS kernel_rule
  FROM work_attention
  INNER JOIN work USING (trace_id, work_id)
  LEFT JOIN work_cost USING (trace_id, work_id)
  LEFT JOIN kernel_category USING (trace_id, name)
  WHERE work_attention.attention_call_id IS NOT NULL
  GROUP BY work_attention.trace_id, work_attention.attention_call_id
),

kernel_implementation AS (
  SELECT
    rule,
    implementation
  FROM (
    VALUES
    ('fa4', 'fa4'), ('flash', 'flash'), ('fmha', 'flash'),
    ('cutlass_attention', 'efficient'), ('cudnn_attention', 'cudnn')
  ) AS known (rule, implementation)
),

item AS (
  SELECT
    dtype,
    any_value(item_bytes) AS item_bytes
  FROM scalar_type
  GROUP BY dtype
)

SELECT
  enclosing.trace_id,
  enclosing.attention_call_id,
  row_number() OVER (
    PARTITION BY enclosing.trace_id
    ORDER BY coalesce(spent.start_ns, enclosing.start_ns), enclosing.attention_call_id
  ) - 1 AS call_index,
  context.component,
  context.step,
  coalesce(module.module, 'unattributed') AS module,
  attention_kind.attention_kind,
  attention_kind.source,
  shape.query_len,
  shape.kv_len,
  shape.heads,
  shape.kv_heads,
  shape.head_dim,
  shape.batch,
  shape.dtype,
  coalesce(
    nullif(shape.implementation, 'other'), kernel_implementation.implementation, 'other'
  ) AS implementation,
  coalesce(spent.start_ns, enclosing.start_ns) AS start_ns,
  coalesce(spent.core_ns, 0) AS core_ns,
  coalesce(spent.module_ns, 0) AS module_ns,
  spent.core_flops,
  spent.core_bytes,
  spent.module_flops,
  -- NULL beyond int64, which a label with a wrong number can cause
  try(shape.batch * shape.heads * shape.query_len * shape.kv_len * item.item_bytes) AS score_bytes
FROM attention_annotation AS enclosing
LEFT JOIN attention_range AS shape USING (trace_id, range_id)
LEFT JOIN item ON shape.dtype = item.dtype
LEFT JOIN spent
  ON enclosing.trace_id = spent.trace_id AND enclosing.attention_call_id = spent.attention_call_id
LEFT JOIN kernel_implementation ON spent.kernel_rule = kernel_implementation.rule
INNER JOIN attention_module AS module
  ON enclosing.trace_id = module.trace_id AND enclosing.attention_call_id = module.attention_call_id
INNER JOIN attention_kind
  ON
    enclosing.trace_id = attention_kind.trace_id
    AND enclosing.attention_call_id = attention_kind.attention_call_id
INNER JOIN attention_context AS context
  ON
    enclosing.trace_id = context.trace_id
    AND enclosing.attention_call_id = context.attention_call_id
