-- runtime_call: CUDA runtime and driver calls of an Nsight Systems export.
--
-- Why:     one table of the export has both, and the names include the version of the interface.
-- Grain:   one row per row of CUPTI_ACTIVITY_KIND_RUNTIME that has a start; 0 to 0 means no time
-- Inputs:  trace_file, nsys_runtime, nsys_text
-- Columns:
--   trace_id        from trace_file
--   call_id         in order of start
--   process_id      PID, from globalTid
--   thread_id       TID, from globalTid
--   start_ns        ns from the session's start
--   dur_ns          ns; 0 if the end is missing or before the start
--   name            as recorded, such as 'cudaLaunchKernel_v7000'
--   correlation_id  correlationId, unique only within the process
SELECT
  trace_file.trace_id,
  row_number() OVER (ORDER BY call.start_ns, call.end_ns DESC, call.row_id) - 1 AS call_id,
  ((call.global_tid >> 24) & 16777215)::VARCHAR AS process_id,
  (call.global_tid & 16777215)::VARCHAR AS thread_id,
  call.start_ns,
  greatest(coalesce(call.end_ns - call.start_ns, 0), 0) AS dur_ns,
  coalesce(named.value, 'unknown call') AS name,
  call.correlation_id
FROM nsys_runtime AS call
CROSS JOIN trace_file
LEFT JOIN nsys_text AS named
  ON call.name_id = named.id
WHERE call.start_ns <> 0 OR (call.start_ns = 0 AND call.end_ns IS DISTINCT FROM 0)
