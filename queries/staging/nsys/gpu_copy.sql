-- gpu_copy: copies and fills of an Nsight Systems export.
--
-- Why:     they are two tables in the export, and older exports don't name the direction.
-- Grain:   one row per row of CUPTI_ACTIVITY_KIND_MEMCPY and _MEMSET that has a start
--          (see nsys_work_time)
-- Inputs:  trace_file, nsys_memcpy, nsys_memset, nsys_work_time, nsys_memcpy_kind,
--          nsys_device_number
-- Columns:
--   trace_id        from trace_file
--   copy_id         in order of start
--   device_id       as in kernel
--   stream_id       CUDA stream
--   process_id      PID, from globalPid
--   start_ns        ns from the session's start
--   dur_ns          ns; 0 if the end is missing or before the start
--   name            as nsys prints it, such as '[CUDA memcpy Host-to-Device]'
--   kind            as in the schema; directions of unified memory count as the plain ones
--   host_memory     from srcKind or dstKind: 'pinned' | 'pageable'; NULL if neither is on the host
--   size_bytes      bytes
--   correlation_id  correlationId
--   graph_id        NULL outside graphs
--   graph_node_id   NULL outside graphs
WITH
-- copyKind, as in every export that has ENUM_CUDA_MEMCPY_OPER
direction AS (
  SELECT
    id,
    label,
    kind
  FROM (
    VALUES
    (1, 'Host-to-Device', 'HtoD'),
    (2, 'Device-to-Host', 'DtoH'),
    (8, 'Device-to-Device', 'DtoD'),
    (9, 'Host-to-Host', 'HtoH'),
    (10, 'Peer-to-Peer', 'PtoP'),
    (11, 'Unified Host-to-Device', 'HtoD'),
    (12, 'Unified Device-to-Host', 'DtoH'),
    (13, 'Unified Device-to-Device', 'DtoD')
  ) AS known (id, label, kind)
),

-- a duplicate id must not duplicate a copy
named AS (
  SELECT id, arg_min(label, row_id) AS label
  FROM nsys_memcpy_kind
  GROUP BY id
),

operation AS (
  SELECT
    copied.*,
    'copy' AS event_kind,
    0 AS origin,
    '[CUDA memcpy '
    || coalesce(named.label, direction.label, 'kind ' || copied.copy_kind, 'Unknown')
    || ']' AS name,
    coalesce(direction.kind, 'other') AS kind,
    -- ENUM_CUDA_MEM_KIND: 0 pageable, 1 pinned, 2 device
    CASE
      WHEN 1 IN (copied.source_kind, copied.target_kind) THEN 'pinned'
      WHEN 0 IN (copied.source_kind, copied.target_kind) THEN 'pageable'
    END AS host_memory
  FROM nsys_memcpy AS copied
  LEFT JOIN direction
    ON copied.copy_kind = direction.id
  LEFT JOIN named
    ON copied.copy_kind = named.id
  UNION ALL BY NAME
  SELECT
    *,
    'fill' AS event_kind,
    1 AS origin,
    '[CUDA memset]' AS name,
    'memset' AS kind,
    NULL AS host_memory
  FROM nsys_memset
),

started AS (
  SELECT
    operation.* EXCLUDE (start_ns, end_ns),
    ((operation.global_pid >> 24) & 16777215)::VARCHAR AS process_id,
    timed.start_ns,
    timed.end_ns
  FROM operation
  INNER JOIN nsys_work_time AS timed USING (event_kind, row_id)
  WHERE timed.start_ns IS NOT NULL
)

SELECT
  trace_file.trace_id,
  row_number() OVER (ORDER BY started.start_ns, started.origin, started.row_id) - 1 AS copy_id,
  coalesce(mapped.device_id, started.device_id, 0) AS device_id,
  started.stream_id,
  started.process_id,
  started.start_ns,
  greatest(coalesce(started.end_ns - started.start_ns, 0), 0) AS dur_ns,
  started.name,
  started.kind,
  started.host_memory,
  started.size_bytes,
  started.correlation_id,
  started.graph_id,
  started.graph_node_id
FROM started
CROSS JOIN trace_file
LEFT JOIN nsys_device_number AS mapped
  ON started.process_id = mapped.process_id AND started.device_id = mapped.device_number
