-- collective_message: what was recorded of a kernel's collective (130 lines because of sources).
--
-- Why:     the kernel's own arguments count; without them, those of the innermost operator, or of
--          NCCL's innermost range, around its call. One that launched several kernels has no
--          message for any of them. NCCL says the bytes of one rank, whatever the collective.
-- Grain:   one row per kernel with arguments, or with an operator or a range around its call that
--          has them
-- Inputs:  collective, collective_rule, cpu_op, annotation, communication_call, scalar_type,
--          nesting, timeline
-- Kept:    view
-- Columns:
--   trace_id         trace.trace_id
--   kernel_id        kernel.kernel_id
--   source           'kernel' | 'operator' | 'range'
--   collective       see collective_rule; NULL if no rule knows the name
--   process_group    see collective
--   group_size       see collective
--   message_bytes    bytes as nccl-tests counts them: the input, but the output of an all_gather
--                    and of what only receives; NULL if unknown
--   sequence_number  see collective; NULL if the call launched several kernels
-- Never:   GROUP BY trace_id, kernel_id HAVING count(*) > 1
WITH name AS (
  SELECT DISTINCT name FROM collective
),

-- the rules are for kernels and for ranges such as 'nccl:all_reduce'
class AS (
  SELECT name.name, arg_min(rule.collective, rule.rule_order) AS collective
  FROM name
  INNER JOIN collective_rule AS rule ON regexp_matches('nccl:' || name.name, rule.pattern)
  GROUP BY name.name
),

item AS (
  SELECT DISTINCT scalar_name, item_bytes FROM scalar_type
),

described AS (
  SELECT
    collective.*,
    class.collective,
    coalesce(
      CASE class.collective
        WHEN 'all_gather' THEN collective.out_elements
        -- what is received has no input
        WHEN 'send_recv' THEN greatest(collective.in_elements, collective.out_elements)
        ELSE collective.in_elements
      END * item.item_bytes,
      collective.rank_bytes * if(
        class.collective IN ('all_gather', 'reduce_scatter', 'all_to_all'), collective.group_size, 1
      )
    ) AS message_bytes
  FROM collective
  LEFT JOIN class USING (name)
  LEFT JOIN item ON collective.dtype = item.scalar_name
),

ranged AS (
  SELECT
    cpu_op.trace_id,
    concat_ws(' ', cpu_op.process_id, cpu_op.thread_id) AS track,
    cpu_op.op_id AS slice_id,
    cpu_op.start_ns,
    cpu_op.dur_ns,
    cpu_op.op_id AS tie
  FROM cpu_op
  SEMI JOIN collective USING (trace_id, op_id)
  UNION ALL
  -- a trace has either operators or ranges: only one of PyTorch's profiler has arguments
  SELECT
    annotation.trace_id,
    concat_ws(' ', annotation.process_id, annotation.thread_id) AS track,
    annotation.annotation_id AS slice_id,
    annotation.start_ns,
    annotation.dur_ns,
    annotation.annotation_id AS tie
  FROM annotation
  SEMI JOIN collective USING (trace_id, annotation_id)
),

nested AS (
  FROM nesting('ranged')
),

change AS (
  FROM timeline('nested')
),

placed AS (
  SELECT
    call.trace_id,
    call.kernel_id,
    change.slice_id,
    count(*) OVER (PARTITION BY call.trace_id, change.slice_id) AS kernel_count
  FROM communication_call AS call
  ASOF INNER JOIN change
    ON
      call.trace_id = change.trace_id
      AND call.track = change.track
      AND call.call_start_ns >= change.start_ns
  WHERE change.slice_id IS NOT NULL
)

SELECT
  trace_id,
  kernel_id,
  'kernel' AS source,
  collective,
  process_group,
  group_size,
  message_bytes,
  sequence_number
FROM described
WHERE kernel_id IS NOT NULL
UNION ALL
SELECT
  placed.trace_id,
  placed.kernel_id,
  if(described.op_id IS NULL, 'range', 'operator') AS source,
  described.collective,
  described.process_group,
  described.group_size,
  if(placed.kernel_count = 1, described.message_bytes, NULL) AS message_bytes,
  if(placed.kernel_count = 1, described.sequence_number, NULL) AS sequence_number
FROM placed
ANTI JOIN collective AS own USING (trace_id, kernel_id)
INNER JOIN described
  ON
    placed.trace_id = described.trace_id
    AND placed.slice_id = coalesce(described.op_id, described.annotation_id)
