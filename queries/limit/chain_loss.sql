-- chain_loss: kernels in a row that read and write the same tensor, and what one kernel would take.
--
-- Why:     elementwise kernels and norms are bound by memory, so a fused kernel takes about as
--          long as the longest of them. A chain is kernels of one stream in a row whose operators'
--          first inputs have one shape, but for the last dimension, which norms reduce. Equal
--          shapes in a row can also be several tensors, so no kernel is assumed to replace more
--          than eight.
-- Grain:   one row per kernel of a chain of limit_constant.chain_length or more
-- Inputs:  work, work_op, work_attention, cpu_op, kernel_category, operator_category,
--          limit_constant
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   work_id      work.work_id
--   kind         'kernel_chain'
--   chain_id     number of the chain on its stream
--   chain_count  its kernels
--   kept_ns      ns of it that would stay: its share of the longest kernel
-- Never:   WHERE kept_ns < 0 OR chain_count < 2
WITH item AS (
  SELECT
    work.trace_id,
    work.work_id,
    work.device_id,
    work.stream_id,
    work.start_ns,
    work.dur_ns,
    -- compiled kernels are fused already
    if(
      work_attention.role <> 'core'
      AND (
        work_op.op_name = 'aten::copy_'
        OR operator_category.category IN
        ('elementwise', 'normalization', 'group_norm', 'softmax', 'reduction')
      )
      AND NOT starts_with(coalesce(kernel_category.rule, ''), 'inductor'),
      nullif(regexp_replace(split_part(cpu_op.input_dims, ']', 1), ',[^,]*$', ''), '['), NULL
    ) AS shape,
    work_op.op_name <> 'aten::copy_' AS computes
  FROM work
  INNER JOIN work_op USING (trace_id, work_id)
  INNER JOIN work_attention USING (trace_id, work_id)
  LEFT JOIN cpu_op ON work_op.trace_id = cpu_op.trace_id AND work_op.op_id = cpu_op.op_id
  LEFT JOIN operator_category
    ON work_op.trace_id = operator_category.trace_id AND work_op.op_name = operator_category.name
  LEFT JOIN kernel_category
    ON work.trace_id = kernel_category.trace_id AND work.name = kernel_category.name
  WHERE work.kernel_id IS NOT NULL AND work.time_source = 'gpu'
),

changed AS (
  SELECT
    *,
    coalesce(shape <> lag(shape) OVER in_order, TRUE) AS is_first
  FROM item
  WINDOW in_order AS (PARTITION BY trace_id, device_id, stream_id ORDER BY start_ns, work_id)
),

numbered AS (
  SELECT
    *,
    -- a running sum, because DuckDB counts with a filter in quadratic time
    cast(sum(is_first::INTEGER) OVER (
      PARTITION BY trace_id, device_id, stream_id ORDER BY start_ns, work_id
      ROWS UNBOUNDED PRECEDING
    ) AS BIGINT) AS chain_id
  FROM changed
),

chain AS (
  SELECT
    trace_id,
    device_id,
    stream_id,
    chain_id,
    count(*) AS chain_count,
    sum(dur_ns) AS chain_ns,
    max(dur_ns) * ceil(count(*) / 8) AS fused_ns
  FROM numbered
  CROSS JOIN limit_constant
  WHERE shape IS NOT NULL
  GROUP BY trace_id, device_id, stream_id, chain_id
  HAVING
    count(*) >= any_value(limit_constant.chain_length)
    AND count(*) FILTER (WHERE computes) >= 2
    AND sum(dur_ns) > 0
)

SELECT
  trace_id,
  numbered.work_id,
  'kernel_chain' AS kind,
  chain_id,
  chain.chain_count,
  cast(numbered.dur_ns * least(1, chain.fused_ns / nullif(chain.chain_ns, 0)) AS BIGINT) AS kept_ns
FROM numbered
INNER JOIN chain USING (trace_id, device_id, stream_id, chain_id)
WHERE numbered.shape IS NOT NULL
