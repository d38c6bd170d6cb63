-- communication: kernels that communicate, and what (144 lines because of five sources).
--
-- Why:     a kernel's name is the last resort, because NCCL's entry points run any collective. Its
--          arguments, or the range that PyTorch writes around the call, name the collective and its
--          message. A range with several kernels has no message size for any of them. Rates are
--          those of nccl-tests (doc/PERFORMANCE.md): bus bandwidth can be held against a link's.
-- Grain:   one row per kernel whose name has the category communication
-- Inputs:  kernel, kernel_category, communication_call, annotation, collective_rule,
--          collective_message, scalar_type, nesting, timeline
-- From:    kernel_category WHERE category = 'communication'
-- Columns:
--   trace_id           trace.trace_id
--   kernel_id          kernel.kernel_id
--   device_id          device.device_id
--   stream_id          stream or queue
--   kernel_class       collective by the kernel's name; 'generic' for an entry point; else
--                      'unclassified'
--   collective         by the source, else kernel_class
--   source             'kernel' (its arguments) | 'operator' (record_param_comms around its call)
--                      | 'range' (NCCL's own around it) | 'annotation' (a range 'nccl:...' around
--                      it) | 'none' (its name alone)
--   process_group      see collective; NULL if unknown
--   group_size         ranks that take part; NULL if unknown
--   sequence_number    see collective_message; NULL if unknown
--   message_bytes      bytes as nccl-tests counts them: the input, but the output of an all_gather;
--                      NULL if unknown
--   start_ns           ns from the trace's base
--   dur_ns             ns
--   algbw_bytes_per_s  message_bytes by dur_ns; the time includes waiting for other ranks
--   busbw_bytes_per_s  algbw by 2(n-1)/n for an all_reduce of n ranks, by (n-1)/n for an
--                      all_gather, reduce_scatter or all_to_all, by 1 for a broadcast, reduce or
--                      send_recv; NULL if the group or the message is unknown
-- Never:   GROUP BY trace_id, kernel_id HAVING count(*) > 1
WITH named AS (
  SELECT
    kernel_category.trace_id,
    kernel_category.name,
    coalesce(arg_min(rule.collective, rule.rule_order), 'unclassified') AS kernel_class
  FROM kernel_category
  LEFT JOIN collective_rule AS rule
    ON regexp_matches(left(kernel_category.name, 65536), rule.pattern)
  WHERE kernel_category.category = 'communication'
  GROUP BY kernel_category.trace_id, kernel_category.name
),

ranged AS (
  SELECT
    annotation.trace_id,
    concat_ws(' ', annotation.process_id, annotation.thread_id) AS track,
    annotation.annotation_id AS slice_id,
    annotation.start_ns,
    annotation.dur_ns,
    annotation.annotation_id AS tie,
    annotation.name,
    annotation.args
  FROM annotation
  WHERE annotation.kind = 'user' AND starts_with(annotation.name, 'nccl:')
),

nested AS (
  FROM nesting('ranged')
),

change AS (
  FROM timeline('nested')
),

-- each name is matched once
range_name AS (
  SELECT DISTINCT name FROM ranged
),

range_class AS (
  SELECT range_name.name, arg_min(rule.collective, rule.rule_order) AS collective
  FROM range_name
  INNER JOIN collective_rule AS rule ON regexp_matches(range_name.name, rule.pattern)
  GROUP BY range_name.name
),

said AS (
  SELECT
    ranged.trace_id,
    ranged.slice_id,
    range_class.collective,
    try(cast(list_product(cast(ranged.args -> '$.input_dims[0]' AS BIGINT[])) AS BIGINT)) AS numel,
    ranged.args ->> '$.input_types[0]' AS type_name
  FROM ranged
  LEFT JOIN range_class USING (name)
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
),

sized AS (
  SELECT
    kernel.trace_id,
    kernel.kernel_id,
    kernel.device_id,
    kernel.stream_id,
    named.kernel_class,
    coalesce(message.collective, said.collective, named.kernel_class) AS collective,
    coalesce(message.source, if(said.slice_id IS NULL, 'none', 'annotation')) AS source,
    message.process_group,
    message.group_size,
    message.sequence_number,
    if(
      message.kernel_id IS NOT NULL,
      message.message_bytes,
      if(placed.kernel_count = 1 AND said.collective <> 'all_gather', said.numel, NULL)
      * scalar_type.item_bytes
    ) AS message_bytes,
    kernel.start_ns,
    kernel.dur_ns
  FROM kernel
  INNER JOIN named USING (trace_id, name)
  LEFT JOIN collective_message AS message USING (trace_id, kernel_id)
  LEFT JOIN placed USING (trace_id, kernel_id)
  LEFT JOIN said ON placed.trace_id = said.trace_id AND placed.slice_id = said.slice_id
  LEFT JOIN scalar_type ON said.type_name = scalar_type.type_name
)

SELECT
  *,
  1e9 * message_bytes / nullif(dur_ns, 0) AS algbw_bytes_per_s,
  algbw_bytes_per_s * CASE
    WHEN group_size < 2 THEN NULL
    WHEN collective = 'all_reduce' THEN 2 * (group_size - 1) / group_size
    WHEN collective IN ('all_gather', 'reduce_scatter', 'all_to_all')
      THEN (group_size - 1) / group_size
    WHEN collective IN ('broadcast', 'reduce', 'send_recv') THEN 1
  END AS busbw_bytes_per_s
FROM sized
