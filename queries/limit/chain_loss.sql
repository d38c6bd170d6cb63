-- chain_loss: kernels in a row on one tensor, and what one would take.
--
-- Why:     a chain is kernels of one stream in a row whose operators' first inputs have one shape,
--          see fusible_group. Equal shapes in a row can also be several tensors, so no kernel is
--          assumed to replace more than eight.
-- Grain:   one row per kernel of a chain of limit_constant.chain_length or more
-- Inputs:  work, grouped_work, fusible_group, limit_constant
-- From:    work
-- Columns:
--   trace_id       trace.trace_id
--   work_id        work.work_id
--   first_work_id  see grouped_work
--   step           see work_step
--   chain_id       place of its first kernel on the stream, from 1
--   chain_count    its kernels
--   lost_ns        ns, the kernel's duration
--   kept_ns        ns of it that would stay: its share of the longest kernel
-- Never:   WHERE kept_ns < 0 OR chain_count < 2
WITH placed AS (
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
    grouped_work.first_work_id,
    grouped_work.step,
    placed.device_id,
    placed.stream_id,
    placed.dur_ns,
    placed.position,
    fusible_group.shape,
    fusible_group.computes,
    placed.position - row_number() OVER (
      PARTITION BY trace_id, placed.device_id, placed.stream_id, fusible_group.shape
      ORDER BY placed.position
    ) AS run
  FROM placed
  INNER JOIN grouped_work USING (trace_id, work_id)
  INNER JOIN fusible_group USING (trace_id, first_work_id)
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
  numbered.first_work_id,
  numbered.step,
  chain.chain_id,
  chain.chain_count,
  numbered.dur_ns AS lost_ns,
  cast(numbered.dur_ns * least(1, chain.fused_ns / nullif(chain.chain_ns, 0)) AS BIGINT) AS kept_ns
FROM numbered
INNER JOIN chain USING (trace_id, device_id, stream_id, shape, run)
