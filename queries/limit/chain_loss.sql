-- chain_loss: kernels in a row on one tensor, and what one would take (130 lines because of joins).
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
--   chain_id     place of its first kernel on the stream, from 1
--   chain_count  its kernels
--   kept_ns      ns of it that would stay: its share of the longest kernel
-- Never:   WHERE kept_ns < 0 OR chain_count < 2
WITH fusible AS (
  SELECT trace_id, name AS op_name FROM operator_category
  WHERE category IN ('elementwise', 'normalization', 'group_norm', 'softmax', 'reduction')
  UNION
  SELECT trace_id, op_name FROM work_op
  WHERE op_name = 'aten::copy_'
),

-- compiled kernels are fused already
compiled AS (
  SELECT trace_id, work_id FROM work
  SEMI JOIN (
    SELECT trace_id, name FROM kernel_category
    WHERE starts_with(rule, 'inductor')
  ) AS listed USING (trace_id, name)
),

asked AS (
  SELECT
    work_op.trace_id,
    work_op.work_id,
    cpu_op.input_dims,
    work_op.op_name <> 'aten::copy_' AS computes
  FROM work_op
  SEMI JOIN fusible USING (trace_id, op_name)
  INNER JOIN cpu_op ON work_op.trace_id = cpu_op.trace_id AND work_op.op_id = cpu_op.op_id
),

-- a trace has few texts of shapes, and numbers are faster to sort than texts
shaped AS (
  SELECT
    input_dims,
    nullif(regexp_replace(split_part(input_dims, ']', 1), ',[^,]*$', ''), '[') AS first_dims,
    if(first_dims IS NULL, NULL, dense_rank() OVER (ORDER BY first_dims)) AS shape
  FROM (SELECT DISTINCT input_dims FROM asked) AS listed
),

member AS (
  SELECT asked.trace_id, asked.work_id, asked.computes, shaped.shape
  FROM asked
  INNER JOIN shaped USING (input_dims)
  ANTI JOIN (
    SELECT trace_id, work_id FROM work_attention
    WHERE role = 'core'
  ) AS core USING (trace_id, work_id)
  ANTI JOIN compiled USING (trace_id, work_id)
  WHERE shaped.shape IS NOT NULL
),

placed AS (
  SELECT
    trace_id,
    work_id,
    device_id,
    stream_id,
    dur_ns,
    row_number() OVER (
      PARTITION BY trace_id, device_id, stream_id ORDER BY start_ns, work_id
    ) AS position
  FROM work
  WHERE kernel_id IS NOT NULL AND time_source = 'gpu'
),

-- of kernels in a row with one shape, the place among all and that among the shape's differ alike
numbered AS (
  SELECT
    trace_id,
    placed.work_id,
    placed.device_id,
    placed.stream_id,
    placed.dur_ns,
    placed.position,
    member.shape,
    member.computes,
    placed.position - row_number() OVER (
      PARTITION BY trace_id, placed.device_id, placed.stream_id, member.shape
      ORDER BY placed.position
    ) AS run
  FROM placed
  INNER JOIN member USING (trace_id, work_id)
),

chain AS (
  SELECT
    trace_id,
    device_id,
    stream_id,
    shape,
    run,
    min(position) AS chain_id,
    count(*) AS chain_count,
    sum(dur_ns) AS chain_ns,
    max(dur_ns) * ceil(count(*) / 8) AS fused_ns
  FROM numbered
  CROSS JOIN limit_constant
  GROUP BY trace_id, device_id, stream_id, shape, run
  HAVING
    count(*) >= any_value(limit_constant.chain_length)
    AND count(*) FILTER (WHERE computes) >= 2
    AND sum(dur_ns) > 0
)

SELECT
  trace_id,
  numbered.work_id,
  'kernel_chain' AS kind,
  chain.chain_id,
  chain.chain_count,
  cast(numbered.dur_ns * least(1, chain.fused_ns / nullif(chain.chain_ns, 0)) AS BIGINT) AS kept_ns
FROM numbered
INNER JOIN chain USING (trace_id, device_id, stream_id, shape, run)
