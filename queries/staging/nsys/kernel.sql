-- kernel: kernels of an Nsight Systems export.
--
-- Why:     a kernel links to its call by (process, correlation), because processes reuse
--          correlations.
-- Grain:   one row per row of CUPTI_ACTIVITY_KIND_KERNEL that has a start, see nsys_work_time
-- Inputs:  trace_file, nsys_kernel, nsys_work_time, nsys_text, nsys_device_number
-- Columns:
--   trace_id        from trace_file
--   kernel_id       in order of start
--   device_id       number of the GPU in the machine if the export maps it, else as recorded
--   stream_id       CUDA stream
--   process_id      PID, from globalPid
--   start_ns        ns from the session's start; may be negative
--   dur_ns          ns; 0 if the end is missing or before the start (see anomaly)
--   name            demangled name, else the short one, else the mangled one
--   correlation_id  correlationId, unique only within the process
--   grid            '[x,y,z]'
--   block           '[x,y,z]'
--   registers       registers per thread
--   shared_bytes    static and dynamic shared memory per block, bytes
--   graph_id        NULL outside graphs
--   graph_node_id   NULL outside graphs
WITH started AS (
  SELECT
    row.* EXCLUDE (start_ns, end_ns),
    ((row.global_pid >> 24) & 16777215)::VARCHAR AS process_id,
    timed.start_ns,
    timed.end_ns
  FROM nsys_kernel AS row
  INNER JOIN nsys_work_time AS timed ON row.row_id = timed.row_id AND timed.event_kind = 'kernel'
  WHERE timed.start_ns IS NOT NULL
)

SELECT
  trace_file.trace_id,
  row_number() OVER (ORDER BY started.start_ns, started.row_id) - 1 AS kernel_id,
  coalesce(mapped.device_id, started.device_id, 0) AS device_id,
  started.stream_id,
  started.process_id,
  started.start_ns,
  greatest(coalesce(started.end_ns - started.start_ns, 0), 0) AS dur_ns,
  coalesce(demangled.value, short.value, mangled.value, 'unknown kernel') AS name,
  started.correlation_id,
  '[' || concat_ws(',', started.grid_x, started.grid_y, started.grid_z) || ']' AS grid,
  '[' || concat_ws(',', started.block_x, started.block_y, started.block_z) || ']' AS block,
  started.registers,
  coalesce(started.static_shared_bytes, 0)::BIGINT
  + coalesce(started.dynamic_shared_bytes, 0) AS shared_bytes,
  started.graph_id,
  started.graph_node_id
FROM started
CROSS JOIN trace_file
LEFT JOIN nsys_device_number AS mapped
  ON started.process_id = mapped.process_id AND started.device_id = mapped.device_number
LEFT JOIN nsys_text AS demangled
  ON started.demangled_id = demangled.id
LEFT JOIN nsys_text AS short
  ON started.short_id = short.id
LEFT JOIN nsys_text AS mangled
  ON started.mangled_id = mangled.id
