-- nsys_event: every timed row of an export, for the count of what is wrong with its times.
--
-- Why:     a trap in one table is a trap in all of them.
-- Grain:   one row per row of the tables of events, with a time or without
-- Inputs:  nsys_kernel, nsys_memcpy, nsys_memset, nsys_runtime, nsys_nvtx, nsys_graph_trace,
--          nsys_synchronization, nsys_memory_usage
-- Columns:
--   event_kind     'kernel' | 'copy' | 'fill' | 'call' | 'graph' | 'wait' | 'range' | 'allocation'
--   start_ns  ns from the session's start; NULL if missing
--   end_ns    NULL if missing, and for what has none: allocations and marks
SELECT 'kernel' AS event_kind, start_ns, end_ns FROM nsys_kernel
UNION ALL
SELECT 'copy' AS event_kind, start_ns, end_ns FROM nsys_memcpy
UNION ALL
SELECT 'fill' AS event_kind, start_ns, end_ns FROM nsys_memset
UNION ALL
SELECT 'call' AS event_kind, start_ns, end_ns FROM nsys_runtime
UNION ALL
SELECT 'graph' AS event_kind, start_ns, end_ns FROM nsys_graph_trace
UNION ALL
SELECT 'wait' AS event_kind, start_ns, end_ns FROM nsys_synchronization
UNION ALL
-- names of domains and categories are no events
SELECT 'range' AS event_kind, start_ns, end_ns FROM nsys_nvtx
WHERE end_ns IS NOT NULL OR event_type IS NULL OR event_type NOT IN (33, 75)
UNION ALL
SELECT 'allocation' AS event_kind, start_ns, NULL AS end_ns FROM nsys_memory_usage
