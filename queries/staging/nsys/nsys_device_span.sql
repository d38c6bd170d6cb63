-- nsys_device_span: CUDA graphs that were traced as a whole, and waits, with their GPU.
--
-- Why:     neither is a kernel, but both show what a device was doing; a graph contains kernels.
-- Grain:   one row per row of CUPTI_ACTIVITY_KIND_GRAPH_TRACE and _SYNCHRONIZATION with a start
-- Inputs:  nsys_graph_trace, nsys_synchronization, nsys_device_number
-- Columns:
--   row_id     row of its table
--   device_id  as in kernel
--   stream_id  CUDA stream
--   start_ns   ns from the session's start
--   end_ns     NULL if it is missing
--   name       'CUDA graph 4' | 'Stream sync'
--   fields     JSON: graph_id and correlation_id
WITH span AS (
  SELECT
    *,
    'CUDA graph ' || coalesce(graph_id, graph_exec_id, 0) AS name,
    json_object('graph_id', graph_id, 'correlation_id', correlation_id) AS fields
  FROM nsys_graph_trace
  UNION ALL BY NAME
  SELECT
    *,
    -- ENUM_CUPTI_SYNC_TYPE
    coalesce(['Event', 'Stream wait', 'Stream', 'Context'][sync_type], 'Unknown')
    || ' sync' AS name,
    json_object('correlation_id', correlation_id) AS fields
  FROM nsys_synchronization
)

SELECT
  span.row_id,
  coalesce(mapped.device_id, span.device_id, 0) AS device_id,
  span.stream_id,
  span.start_ns,
  span.end_ns,
  span.name,
  span.fields
FROM span
LEFT JOIN nsys_device_number AS mapped
  ON
    ((span.global_pid >> 24) & 16777215)::VARCHAR = mapped.process_id
    AND span.device_id = mapped.device_number
WHERE span.start_ns IS NOT NULL
