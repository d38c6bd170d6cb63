-- collective: the calls of NCCL in an Nsight Systems export, from NCCL's own NVTX ranges.
--
-- Why:     each range says the bytes of one rank's message and the communicator; a range that made
--          the communicator says how many ranks it has. Calls between ncclGroupStart and
--          ncclGroupEnd are launched together at its end: the bytes that one rank sends are then
--          those of all its ncclSend, and other calls in a group can't be told apart.
-- Grain:   one row per range of a call outside groups, and per outermost ncclGroupEnd with calls
-- Inputs:  annotation, trace_file
-- From:    annotation
-- Columns:
--   trace_id       from trace_file
--   annotation_id  annotation.annotation_id
--   name           of the call, without 'nccl'; 'group' for several in a group
--   process_group  number of the communicator, as recorded; NULL if there are several
--   group_size     its ranks; NULL if its making was not recorded
--   rank_bytes     bytes; NULL for several calls that are not ncclSend and ncclRecv
WITH call AS (
  SELECT
    annotation_id,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns,
    substr(name, 5) AS name,
    args ->> '$.nvtx.payload."NCCL communicator ID"' AS communicator,
    try_cast(coalesce(
      args ->> '$.nvtx.payload."Message size [bytes]"', args ->> '$.nvtx.payload.Bytes'
    ) AS BIGINT) AS size_bytes,
    try_cast(args ->> '$.nvtx.payload."No. of ranks"' AS INTEGER) AS rank_count
  FROM annotation
  WHERE kind = 'user' AND (args ->> '$.nvtx.domain') = 'NCCL' AND starts_with(name, 'nccl')
),

communicator AS (
  SELECT communicator, min(rank_count) AS group_size FROM call
  WHERE rank_count IS NOT NULL
  GROUP BY communicator
  HAVING min(rank_count) = max(rank_count)
),

ordered AS (
  SELECT
    *,
    CASE name WHEN 'GroupStart' THEN 1 WHEN 'GroupEnd' THEN -1 ELSE 0 END AS step,
    sum(step) OVER (
      PARTITION BY track ORDER BY start_ns, annotation_id ROWS UNBOUNDED PRECEDING
    ) AS depth
  FROM call
  WHERE name IN ('GroupStart', 'GroupEnd') OR size_bytes IS NOT NULL
),

-- groups nest, and the outermost end launches
numbered AS (
  SELECT
    *,
    name = 'GroupEnd' AND depth <= 0 AS is_last,
    sum(if(is_last, 1, 0)) OVER (
      PARTITION BY track ORDER BY start_ns, annotation_id
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS ends_after
  FROM ordered
),

launched AS (
  SELECT annotation_id, name, communicator, size_bytes FROM numbered
  WHERE step = 0 AND depth <= 0
  UNION ALL
  SELECT
    last.annotation_id,
    if(count(*) = 1, min(member.name), 'group') AS name,
    if(
      min(member.communicator) = max(member.communicator)
      AND count(member.communicator) = count(*), min(member.communicator), NULL
    ) AS communicator,
    CASE
      WHEN count(*) = 1 THEN min(member.size_bytes)
      WHEN bool_and(member.name IN ('Send', 'Recv'))
        THEN
          coalesce(
            sum(member.size_bytes) FILTER (WHERE member.name = 'Send'), sum(member.size_bytes)
          )
    END AS size_bytes
  FROM numbered AS last
  INNER JOIN numbered AS member USING (track, ends_after)
  WHERE last.is_last AND member.step = 0 AND member.depth > 0
  GROUP BY last.annotation_id
)

SELECT
  file.trace_id,
  launched.annotation_id,
  launched.name,
  launched.communicator AS process_group,
  communicator.group_size,
  cast(launched.size_bytes AS BIGINT) AS rank_bytes
FROM launched
LEFT JOIN communicator USING (communicator)
CROSS JOIN trace_file AS file
